/** Stand-ins for the programs that the hooks run, in a folder that is their only PATH. */
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A call of a program: its name and its arguments. */
export type ProgramCall = [program: string, ...args: string[]];

/** Every call is noted. `azd` keeps an environment in a file. What `az` answers is a function of its arguments, as text. */
const program = (name: string, body: string): string => `#!${process.execPath}
const fs = require('fs');
const args = process.argv.slice(2);
fs.appendFileSync(__dirname + '/calls', JSON.stringify(['${name}', ...args]) + '\\n');
${body}`;

const AZD = `
const file = __dirname + '/environment.json';
const values = JSON.parse(fs.readFileSync(file, 'utf8'));
if (args[1] === 'get-values') console.log(JSON.stringify(values));
else for (const [, name, value] of args.map((arg) => /^([A-Z_]+)=(.*)$/.exec(arg)).filter(Boolean)) values[name] = value;
fs.writeFileSync(file, JSON.stringify(values));
`;

export type Programs = {
  folder: string;
  /** Every call so far. */
  calls: () => Promise<ProgramCall[]>;
  /** The values of the azd environment. */
  environment: () => Promise<Record<string, string>>;
  /** Adds values to the azd environment, as the outputs of a deployment. */
  setEnvironment: (values: Record<string, string>) => Promise<void>;
  remove: () => Promise<void>;
};

/**
 * Makes the stand-ins.
 * @param az JavaScript that answers for `az`; it sees its arguments as `args`
 */
export async function makePrograms(az: string): Promise<Programs> {
  const folder = await mkdtemp(join(tmpdir(), 'stead-programs-'));
  const file = join(folder, 'environment.json');
  await writeFile(join(folder, 'calls'), '');
  await writeFile(file, '{}');
  for (const [name, body] of Object.entries({ az, azd: AZD })) {
    await writeFile(join(folder, name), program(name, body));
    await chmod(join(folder, name), 0o700);
  }
  const environment = async () => JSON.parse(await readFile(file, 'utf8')) as Record<string, string>;
  return {
    folder,
    environment,
    async calls() {
      const lines = (await readFile(join(folder, 'calls'), 'utf8')).split('\n').filter(Boolean);
      return lines.map((line) => JSON.parse(line) as ProgramCall);
    },
    async setEnvironment(values) {
      await writeFile(file, JSON.stringify({ ...(await environment()), ...values }));
    },
    remove: () => rm(folder, { recursive: true }),
  };
}
