import type { Services } from '../ports.ts';
import { type AssertionMemo, createAssertionMemo } from './assertionMemo.ts';
import { type Cooldowns, createCooldowns } from './cooldowns.ts';
import { createHeartbeat, type Heartbeat } from './heartbeat.ts';
import { createNoticeGate, type NoticeGate } from './noticeGate.ts';
import { createRequestLimits, type RequestLimits } from './requestLimits.ts';

/** What every use case gets: the services, and what this process remembers so that it calls them less often. */
export type App = Services & {
  memo: AssertionMemo;
  cooldowns: Cooldowns;
  limits: RequestLimits;
  noticeGate: NoticeGate;
  heartbeat: Heartbeat;
};

/** @param limits default: {@link createRequestLimits} */
export function createApp(services: Services, limits?: RequestLimits): App {
  const { clock } = services;
  return {
    ...services,
    memo: createAssertionMemo({ clock }),
    cooldowns: createCooldowns({ clock }),
    limits: limits ?? createRequestLimits(clock),
    noticeGate: createNoticeGate(clock),
    heartbeat: createHeartbeat(services),
  };
}
