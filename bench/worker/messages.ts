import type { CallName } from './call.ts';
import type { Settings } from './settings.ts';
import type { CallCount, Latencies } from './startServices.ts';

/** What the processes of a run say to each other. */
export type ToServices = { say: 'start'; latencies: Latencies; users: number } | { say: 'report' };

export type FromServices =
  | { say: 'ready'; settings: Settings }
  | {
      say: 'report';
      calls: Partial<Record<CallName, CallCount>>;
      /** Users who ended as they should. */
      served: number;
      cpuMs: number;
    };

export type ToSweep = { settings: Settings; concurrency: number; users: number };

/** The run so far: users who had their turn, and the process's memory. */
export type Progress = { ended: number; ms: number; rssMb: number };

export type FromSweep =
  | ({ say: 'progress' } & Progress)
  | {
      say: 'ended';
      ms: number;
      cpuMs: number;
      /** Share of the time in which the event loop was at work. */
      busy: number;
      rssMb: { before: number; peak: number };
      refreshed: number;
      /** Warnings and errors that were logged, by event. There should be none. */
      trouble: Record<string, number>;
    };
