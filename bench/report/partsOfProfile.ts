/** One function of a profile, as V8 names it: `lineNumber` and `columnNumber` count from 0. */
export type CallFrame = { functionName: string; url: string; lineNumber: number; columnNumber: number };

/** What is used here of a `.cpuprofile` (https://chromedevtools.github.io/devtools-protocol/tot/Profiler/#type-Profile). */
export type Profile = {
  nodes: readonly { id: number; callFrame: CallFrame }[];
  /** The node that ran, and the microseconds since the sample before. */
  samples: readonly number[];
  timeDeltas: readonly number[];
};

/** Gives the source file of a function in a bundle; undefined if it is in no bundle. */
export type SourceOf = (frame: CallFrame) => string | undefined;

/** The share of each part in the time in which the process was at work, the largest first. */
export function partsOfProfile(profile: Profile, sourceOf: SourceOf): { part: string; share: number }[] {
  const frames = new Map(profile.nodes.map(({ id, callFrame }) => [id, callFrame]));
  const spent = new Map<string, number>();
  let busy = 0;
  for (const [index, id] of profile.samples.entries()) {
    const frame = frames.get(id);
    const us = profile.timeDeltas[index] ?? 0;
    if (frame === undefined || frame.functionName === '(idle)') continue;
    const part = partOf(frame, sourceOf);
    spent.set(part, (spent.get(part) ?? 0) + us);
    busy += us;
  }
  return [...spent]
    .map(([part, us]) => ({ part, share: us / busy }))
    .sort((one, other) => other.share - one.share);
}

function partOf(frame: CallFrame, sourceOf: SourceOf): string {
  const { functionName, url } = frame;
  if (functionName === '(garbage collector)') return 'the collection of garbage';
  if (url.startsWith('node:')) return partOfNode(url);
  if (url === '') return "Node's own code in C++";
  // A package may have maps of its own, which do not name it.
  const source = url.includes('/node_modules/') ? url : (sourceOf(frame) ?? url);
  const [, name] = /(?:.*node_modules\/|^webpack:\/\/)((?:@[^/]+\/)?[^/]+)/.exec(source) ?? [];
  if (name !== undefined) return name;
  if (/\/(?:shared|functions)\//.test(source)) return 'Stead';
  return /\/(?:dev|ops|bench)\//.test(source) ? 'the local host and the benchmark' : 'others';
}

/** The rooms of Node that take much, and all others together. */
function partOfNode(url: string): string {
  if (url.includes('deps/undici')) return 'Node: fetch (undici)';
  if (/\b_?http|\bnet\b|stream|\btls\b/.test(url)) return 'Node: HTTP, sockets and streams';
  if (url.includes('crypto')) return 'Node: cryptography';
  return /modules|realm/.test(url) ? 'Node: loading of modules' : 'Node: others';
}
