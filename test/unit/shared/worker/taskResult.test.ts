import { describe, expect, it } from 'vitest';
import { readResult } from '../../../../shared/worker/taskResult.ts';

const TOKEN = 'an-access-token';
const read = (value: unknown) => readResult(value, TOKEN);

describe('what a task returned', () => {
  it.each([
    [{ summary: 'Three files changed', count: 3, state: { link: 'https://x' } }],
    [{ count: 0 }],
    [{ state: null }],
    [{ state: 'a cursor' }],
    [{ summary: 'Über 3 Dateien 🙂' }],
  ])('is kept: %j', (value) => {
    expect(read(value)).toEqual({ result: value });
  });

  it.each([
    undefined,
    null,
    7,
    'text',
    ['summary'],
    { id: 'an answer of Graph', displayName: 'x' },
    {},
  ])('is no result, and nothing is kept of it: %j', (value) => {
    expect(read(value)).toEqual({ result: {} });
  });

  it.each([
    [{ summary: 3 }],
    [{ count: -1 }],
    [{ count: 1.5 }],
    [{ count: '3' }],
    [{ count: Number.NaN }],
    [{ state: () => undefined }],
    [{ state: 1n }],
    // What JSON would lose without a word.
    [{ state: Promise.resolve('a cursor that was not awaited') }],
    [{ state: { seen: new Set(['a']) } }],
    [{ state: new Map([['a', 1]]) }],
    [{ state: Number.NaN }],
    [{ state: new Date(Number.NaN) }],
    [{ state: { until: new Date(Number.NaN) } }],
    [{ state: Symbol('a') }],
    [{ state: { later: () => undefined } }],
    [{ state: [Symbol('a')] }],
    [{ summary: 'x', other: 1 }],
    [{ displayName: 'x', state: 'Hessen' }],
  ])('is malformed: %o', (value) => {
    expect(read(value)).toEqual({ code: 'result-malformed' });
  });

  it('is malformed if its state refers to itself', () => {
    const state: Record<string, unknown> = {};
    state.self = state;
    expect(read({ state })).toEqual({ code: 'result-malformed' });
  });

  it('may have a state of 4 KB of JSON, and no more', () => {
    expect(read({ state: 'x'.repeat(4_094) })).toHaveProperty('result');
    expect(read({ state: 'x'.repeat(4_095) })).toEqual({ code: 'state-too-large' });
    expect(read({ state: 'ü'.repeat(2_048) })).toEqual({ code: 'state-too-large' });
  });

  it.each([
    { summary: `token ${TOKEN}` },
    { state: { headers: [`Bearer ${TOKEN}`] } },
  ])('must not hold the token', (value) => {
    expect(read(value)).toEqual({ code: 'result-holds-token' });
  });

  it('keeps 200 characters of a summary', () => {
    expect(read({ summary: '🙂'.repeat(201) })).toEqual({ result: { summary: '🙂'.repeat(200) } });
  });

  it('keeps the text of a summary, and neither lines nor what turns its direction', () => {
    expect(read({ summary: ' two\r\nlines\u0007 and \u202eback ' })).toEqual({
      result: { summary: 'two lines  and  back' },
    });
    expect(read({ summary: 'a\u061cb\u200ec\u2069d\u2028e\u0085f' })).toEqual({
      result: { summary: 'a b c d e f' },
    });
    expect(read({ summary: 'half a character: \ud83d.' })).toEqual({
      result: { summary: 'half a character:  .' },
    });
    expect(read({ summary: '\n' })).toEqual({ result: {} });
  });

  it('is what JSON makes of it: times become texts, and members that are undefined are left out', () => {
    const state = { at: new Date(0), none: undefined };
    expect(read({ state })).toEqual({ result: { state: { at: '1970-01-01T00:00:00.000Z' } } });
  });

  it('is read once, so that a getter cannot pass the checks and then say something else', () => {
    const said = ['a text', 'x'.repeat(9_999)];
    const value = {
      get summary() {
        return said.shift();
      },
    };
    expect(read(value)).toEqual({ result: { summary: 'a text' } });
  });

  it('does not change when the task changes its state', () => {
    const state = { link: 'first' };
    const kept = read({ state });
    state.link = 'second';
    expect(kept).toEqual({ result: { state: { link: 'first' } } });
  });
});
