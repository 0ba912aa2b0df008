import { describe, expect, it } from 'vitest';
import { printTable } from '../../../ops/printTable.ts';

async function linesOf(rows: Parameters<typeof printTable<'user' | 'n'>>[1]): Promise<string[]> {
  const lines: string[] = [];
  await printTable(['user', 'n'], rows, (line) => void lines.push(line));
  return lines;
}

describe('printTable', () => {
  it('makes columns as wide as their widest cell', async () => {
    const lines = await linesOf([
      { user: 'a', n: '1' },
      { user: 'longest', n: '22' },
    ]);
    expect(lines).toEqual(['user     n', '───────  ──', 'a        1', 'longest  22']);
  });

  it('prints the heading of no rows', async () => {
    expect(await linesOf([])).toEqual(['user  n', '────  ─']);
  });

  it('holds no more than two hundred rows of a long list', async () => {
    let drawn = 0;
    let printed = -2;
    let held = 0;
    async function* rows() {
      for (; drawn < 1_000; drawn += 1) {
        held = Math.max(held, drawn - printed);
        yield { user: `user ${drawn}`, n: '' };
      }
    }
    await printTable(['user', 'n'], rows(), () => {
      printed += 1;
    });
    expect(printed).toBe(1_000);
    expect(held).toBeLessThanOrEqual(202);
  });

  it('prints a cell whole that is wider than those measured', async () => {
    const rows = Array.from({ length: 201 }, (_, n) => ({ user: n === 200 ? 'late and long' : 'a', n: '1' }));
    expect((await linesOf(rows)).at(-1)).toBe('late and long  1');
  });
});
