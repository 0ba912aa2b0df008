/** What people have at Graph: the files of their OneDrive and the messages of their inbox. They change with time. */
import { randomUUID } from 'node:crypto';
import type { DemoUser } from './directory.ts';
import { preciseNow } from './faults.ts';
import { InputError, readFields } from './input.ts';
import { createShelf, type Shelf } from './shelf.ts';

export type DriveItem = { id: string; name: string; size: number; isFolder: boolean };
export type Message = {
  id: string;
  subject: string;
  isRead: boolean;
  /** ISO 8601, whole seconds. */
  receivedDateTime: string;
};

export type Belonging = {
  /** Undefined for people without a licence for OneDrive. */
  drive: Shelf<DriveItem> | undefined;
  /** Undefined for people without a mailbox. */
  inbox: Shelf<Message> | undefined;
};

export type BelongingSettings = {
  /** How many entries a page of a delta query has at most, whatever was asked for; undefined leaves it to the request. */
  pageSize?: number;
  /** So often each person gets a message, and every second time a file. Nothing happens by itself if it is left out. */
  activitySeconds?: number;
};

export type Belongings = {
  settings: BelongingSettings;
  /** Delta links of an earlier process know nothing of these belongings. */
  world: string;
  /** What the person has now. */
  of(user: DemoUser): Belonging;
  /** Gives the person what they had at the start. Their delta links are invalid. */
  reset(user: DemoUser): void;
  addFile(user: DemoUser, file?: Partial<Omit<DriveItem, 'id'>>): string;
  addMessage(user: DemoUser, message?: Partial<Pick<Message, 'isRead'>>): string;
  /** Makes all delta links invalid that the person was given until now. */
  expireLinks(user: DemoUser): void;
  /** True if a link that was given at that moment (`preciseNow`) was made invalid since. */
  isExpired(user: DemoUser, givenAt: number): boolean;
};

/** After a long time nobody needs to be told of more. */
const MOST_AT_ONCE = 500;

export function createBelongings(): Belongings {
  type Owned = Belonging & { since: number; ticks: number; serial: number; expiredAt: number };
  const owned = new Map<string, Owned>();

  function ownedBy(user: DemoUser): Owned {
    const known = owned.get(user.name);
    if (known) return known;
    const drive = user.drive && createShelf<DriveItem>();
    for (const file of user.drive ?? []) drive?.add({ ...file, isFolder: false });
    const inbox = hasMailbox(user) ? createShelf<Message>() : undefined;
    const made: Owned = { drive, inbox, since: Date.now(), ticks: 0, serial: 0, expiredAt: 0 };
    owned.set(user.name, made);
    return made;
  }

  function addFile(user: DemoUser, file: Partial<Omit<DriveItem, 'id'>> = {}): string {
    const theirs = ownedBy(user);
    if (theirs.drive === undefined) throw new InputError(`belongings: ${user.name} has no drive`);
    theirs.serial += 1;
    const id = `01FILE${theirs.serial}`;
    const { name = `Note ${theirs.serial}.txt`, size = 1_024, isFolder = false } = file;
    theirs.drive.add({ id, name, size, isFolder });
    return id;
  }

  function addMessage(user: DemoUser, { isRead = false }: Partial<Pick<Message, 'isRead'>> = {}): string {
    const theirs = ownedBy(user);
    if (theirs.inbox === undefined) throw new InputError(`belongings: ${user.name} has no mailbox`);
    theirs.serial += 1;
    const id = `AAMk${theirs.serial}`;
    const receivedDateTime = `${new Date().toISOString().slice(0, 19)}Z`;
    theirs.inbox.add({ id, subject: `Message ${theirs.serial}`, isRead, receivedDateTime });
    return id;
  }

  /** What should have happened since the last look happens now. So the server needs no timer. */
  function catchUp(user: DemoUser): void {
    const theirs = ownedBy(user);
    const { activitySeconds } = belongings.settings;
    if (activitySeconds === undefined) {
      theirs.since = Date.now();
      theirs.ticks = 0;
      return;
    }
    const due = Math.floor((Date.now() - theirs.since) / 1_000 / activitySeconds);
    theirs.ticks = Math.max(theirs.ticks, due - MOST_AT_ONCE);
    for (; theirs.ticks < due; theirs.ticks += 1) {
      if (theirs.inbox) addMessage(user);
      if (theirs.drive && theirs.ticks % 2 === 0) addFile(user);
    }
  }

  const belongings: Belongings = {
    settings: {},
    world: randomUUID(),
    of(user) {
      catchUp(user);
      return ownedBy(user);
    },
    reset(user) {
      owned.delete(user.name);
      belongings.expireLinks(user);
    },
    addFile,
    addMessage,
    expireLinks: (user) => {
      ownedBy(user).expiredAt = preciseNow();
    },
    isExpired: (user, givenAt) => givenAt <= ownedBy(user).expiredAt,
  };
  return belongings;
}

/** A guest's mailbox is at home, and people without a licence have no address. */
const hasMailbox = ({ profile, homeTid, tid }: DemoUser): boolean => profile.mail !== null && homeTid === tid;

/**
 * `current` with the changes of `input`; null removes a setting.
 * @throws InputError that names the field and what is allowed
 */
export function changedBelongings(current: BelongingSettings, input: unknown): BelongingSettings {
  const changed = { ...current };
  for (const [name, value] of readFields('belongings', input, ['pageSize', 'activitySeconds'])) {
    if (value === null || value === undefined) delete changed[name];
    else if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 86_400) {
      changed[name] = value;
    } else {
      throw new InputError(`belongings: "${name}" must be a whole number from 1 to 86400, or null`);
    }
  }
  return changed;
}
