import { describe, expect, it } from 'vitest';
import { printTable, tableLines } from '../../../../ops/cli/printTable.ts';

async function linesOf(rows: string[][]): Promise<string[]> {
  const lines: string[] = [];
  await printTable(['user', 'n'], rows, (line) => void lines.push(line));
  return lines;
}

describe('printTable', () => {
  it('makes columns as wide as their widest cell', async () => {
    const rows = [
      ['a', '1'],
      ['longest', '22'],
    ];
    const lines = ['user     n', '───────  ──', 'a        1', 'longest  22'];
    expect(await linesOf(rows)).toEqual(lines);
    expect(tableLines(['user', 'n'], rows)).toEqual(lines);
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
        yield [`user ${drawn}`, ''];
      }
    }
    await printTable(['user', 'n'], rows(), () => {
      printed += 1;
    });
    expect(printed).toBe(1_000);
    expect(held).toBeLessThanOrEqual(202);
  });

  it('prints a cell whole that is wider than those measured', async () => {
    const rows = Array.from({ length: 201 }, (_, n) => [n === 200 ? 'late and long' : 'a', '1']);
    expect((await linesOf(rows)).at(-1)).toBe('late and long  1');
  });
});
