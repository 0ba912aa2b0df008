import { describe, expect, it } from 'vitest';
import { PORTS, type PortName, readPorts } from '../../../dev/ports.ts';
import { UsageError } from '../../../ops/cli/errors.ts';

const ALL = Object.keys(PORTS) as PortName[];
const DEFAULTS = { web: 3000, functions: 7071, entra: 8400, blob: 10000, queue: 10001, table: 10002 };

describe('readPorts', () => {
  it('has a default for each port, also where a variable is empty', () => {
    expect(readPorts({ STEAD_WEB_PORT: '' }, ALL)).toEqual(DEFAULTS);
  });

  it('takes what the environment says, from 1 to 65535', () => {
    const environment = { STEAD_WEB_PORT: '1', STEAD_TABLE_PORT: '65535' };
    expect(readPorts(environment, ALL)).toEqual({ ...DEFAULTS, web: 1, table: 65_535 });
  });

  it.each(['0', '65536', '-1', '1.5', '0x10', '1e3', ' 80', 'http'])('refuses "%s"', (value) => {
    expect(() => readPorts({ STEAD_ENTRA_PORT: value }, ALL)).toThrow(
      new UsageError('STEAD_ENTRA_PORT is not a port: give a whole number from 1 to 65535.'),
    );
  });

  it('refuses one port for two parts, be it a default or not', () => {
    expect(() => readPorts({ STEAD_WEB_PORT: '7071' }, ALL)).toThrow(
      new UsageError('STEAD_WEB_PORT and STEAD_FUNCTIONS_PORT are both 7071: give each a port of its own.'),
    );
  });

  it('names every fault, one a line', () => {
    const environment = { STEAD_WEB_PORT: '99999', STEAD_BLOB_PORT: '8400', STEAD_QUEUE_PORT: 'x' };
    expect(() => readPorts(environment, ALL)).toThrow(
      /STEAD_WEB_PORT.+\n.+STEAD_BLOB_PORT.+\n.*STEAD_QUEUE_PORT/,
    );
  });

  it('does not mind what is not wanted', () => {
    expect(readPorts({ STEAD_ENTRA_PORT: 'x', STEAD_BLOB_PORT: '3000' }, ['web', 'functions'])).toMatchObject(
      {
        web: 3000,
        functions: 7071,
      },
    );
  });
});
