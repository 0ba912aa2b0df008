/** The time and the settings that the tests of the schedule share. */
import type { ScheduleSettings } from '../../../../shared/ports.ts';

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

export const NOW = new Date('2026-03-01T12:00:00Z');
export const SETTINGS: ScheduleSettings = {
  idleForMs: MINUTE,
  minIntervalMs: 5 * MINUTE,
  everyRun: false,
  retentionMs: 90 * DAY,
};
export const from = (ms: number): Date => new Date(NOW.getTime() + ms);
export const ago = (ms: number): Date => from(-ms);
/** Milliseconds from now. */
export const until = (at: Date): number => at.getTime() - NOW.getTime();
