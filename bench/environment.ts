import { arch, availableParallelism, cpus, platform, totalmem } from 'node:os';

/** Where the figures come from; figures of two machines are not to be compared. */
export const environment = () => ({
  node: process.version,
  platform: `${platform()}-${arch()}`,
  cpu: cpus()[0]?.model.trim() ?? 'unknown',
  cores: availableParallelism(),
  memoryMb: Math.round(totalmem() / 2 ** 20),
});
