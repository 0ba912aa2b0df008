export const USAGE = `Usage: npm run stead -- <verb> [options]

Shows and changes the accounts that Stead keeps. It needs the TokenStore and the
LOG_HASH_KEY of the deployment. It reads them from the environment, or else from
Values of local.settings.json (or the key that npm run start:azure created). It
needs neither the client secret nor the keys of the caches.
For storage without keys give TokenStore__blobServiceUri and
TokenStore__tableServiceUri in place of TokenStore: the command then acts as the
person who is signed in to the Azure CLI (az login).
It shows users by their log id, as in the logs. Only accounts export prints a
name.

  accounts list [--state STATE] [--tenant TID] [--json]
      All accounts, one in each line. STATE is one of pending, active,
      needs-user, disconnected, retired, damaged.
  accounts show <user> [--json]
      Everything about one account, with its history.
  accounts export <user>
      Everything that is stored of one user, as JSON, for a person who asks for
      their data. It has the user principal name, and neither tokens nor claims.
  accounts retry <user> [--force]
  accounts retry --tenant TID [--kind KIND] [--force]
  accounts retry --all --kind KIND [--force]
      Makes accounts due now, and counts their failures from 0 again. --tenant
      and --all retry the accounts whose last check failed; KIND is one of
      transient, throttled, tenant. --tenant also ends the cooldown of the
      tenant, and retries the accounts that waited for it, unless KIND is
      throttled.
      --force also retries users who must sign in again, and allows the kinds
      needs-user, consent and cache-lost. Use it after an outage of yours that
      marked users wrongly. Users who were marked rightly are marked again.
  accounts erase <user> [--yes]
  accounts erase --tenant TID [--yes]
      Deletes the token cache and all personal columns. The worker deletes the
      rest of the row after two days. Without --yes it only prints what it would
      do. You can repeat it: it continues where it stopped.
  accounts retire [--confirm | --resume]
      How many accounts are over their retention time, and whether the worker
      may retire them. If it meets too many of them in one day, no run retires
      anybody until you add --confirm, which lifts the limit for a day, or
      --resume, after you have corrected the reason, such as RETENTION_DAYS.
  accounts replay-ended --from FILE [--yes]
      Ends again what the log says has ended, after a failover or a restore to a
      copy of the storage account that is behind. FILE is an export of the log;
      docs/runbook.md has the query. Repeat --from if there are several files.
      Of each user the last event counts. Users who came back since are left
      alone. Without --yes it only prints what it would do. You can repeat it:
      it continues where it stopped.
  accounts audit
      Reads all accounts now, and restores what the index of due times lacks.
      The worker does the same, page by page, at least once a day.
  tenants [--json]
      The cooldowns of tenants, and when they end.
  queue [--json]
      The parts of split runs that wait, and those that failed for good. Exit
      code 1 says that some have failed. There are none without
      SPLIT_RUNS_ABOVE. Without a key it needs TokenStore__queueServiceUri.
  orphans [--json]
  orphans --erase [--yes]
      Token caches without an account. There should be none. Blobs that are not
      named by a user id are ignored.

<user> is a log id (16 hexadecimal digits) or a user id (<tid>/<oid>). For a log
id the command must read every account until it finds the user. For a user id it
reads one account.

--json prints JSON Lines: one object in each line.

Exit code: 0 done, 1 not done (with the reason), 2 the command line is wrong.
`;
