export const USAGE = `Usage: npm run stead -- <verb> [options]

Looks after the accounts that Stead keeps. It needs the deployment's TokenStore
and LOG_HASH_KEY, from the environment or else from Values of
local.settings.json (or the key that npm run start:azure made), and neither the
client secret nor the keys of the caches.
A user is shown by their log id, as in the logs; names are shown nowhere.

  accounts list [--state STATE] [--tenant TID] [--json]
      Everybody, one line a user. STATE is one of pending, active, needs-user,
      disconnected, retired.
  accounts show <user> [--json]
      Everything about one user, their history included.
  accounts retry <user> [--force]
  accounts retry --tenant TID [--kind KIND] [--force]
  accounts retry --all --kind KIND [--force]
      Due now, with the failures in a row forgotten. Of many, those whose last
      try failed; KIND is one of transient, throttled, tenant. --tenant also
      ends the tenant's cool-down, and takes those whom it has put off, unless
      KIND is throttled.
      --force takes users who need to sign in again for active, too, and allows
      the kinds needs-user, consent and cache-lost: for after an outage of your
      own that marked them wrongly. Whoever was marked rightly is marked again.
  accounts erase <user> [--yes]
  accounts erase --tenant TID [--yes]
      Deletes the token cache and all personal columns. The worker deletes the
      rest of the row after two days. Without --yes it only says what it would
      do. It can be repeated: it goes on from where it was.
  tenants [--json]
      Tenants that are left in peace for now, and until when.
  orphans [--json]
  orphans --erase [--yes]
      Token caches that no account answers for. There should be none. Blobs that
      are not named by a user id are not looked at.

<user> is a log id (16 hexadecimal digits) or a user id (<tid>/<oid>). A log id
cannot be turned back: it is found by reading every account. A user id is one
read.

--json prints JSON Lines: one object a line, and no list around them.

Exit code: 0 done, 1 not done (the reason is told), 2 not understood.
`;
