import { toUserId, type UserId } from '../../shared/userId.ts';

export const NOBODYS_TENANT = '00000000-0000-0000-0000-000000000000';

/** A user that no tenant has. */
export const nobody: UserId = toUserId({ tid: NOBODYS_TENANT, oid: NOBODYS_TENANT });
