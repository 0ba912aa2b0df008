/** `azure.yaml`, which `azd` reads, beside the templates and the commands that it names. */
import { existsSync, readFileSync } from 'node:fs';
import { join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { givenTo, type Json, pick } from '../../support/armTemplate.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');

const file = parse(read('azure.yaml')) as Json;
const services = file.services as Record<string, Json>;
const template = JSON.parse(read('infra/main.json')) as Json;
const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };

/** Every `hooks` of the file: those of `azd` and those of each service. */
const hooks = [file, ...Object.values(services)].flatMap(({ hooks = {} }) =>
  Object.entries(hooks as Record<string, Record<string, { shell: string; run: string }>>),
);

describe('azure.yaml', () => {
  it('has the two services, of which azd only uploads what is built here', () => {
    const { hooks: ofApi, ...api } = services.api ?? {};
    const { hooks: ofWeb, ...web } = services.web ?? {};
    expect(Object.keys(services)).toEqual(['api', 'web']);
    expect(api).toEqual({
      project: '.',
      language: 'ts',
      host: 'function',
      dist: 'dist/package',
      remoteBuild: false,
    });
    expect(web).toEqual({ project: 'spa', host: 'staticwebapp', dist: '../dist/spa' });
    expect(ofApi).toHaveProperty('prepackage.posix.run', 'npm run package');
    expect(ofWeb).toHaveProperty('predeploy.posix.run', expect.stringMatching(/ run azure:page$/));
    expect(file.hooks).toHaveProperty('preprovision.posix.run', 'npm run azure:register');
    const after = 'npm run azure:secrets && npm run azure:register';
    expect(file.hooks).toHaveProperty('postprovision.posix.run', after);
    expect(file.hooks).toHaveProperty('postdeploy.posix.run', 'npm run azure:smoke');
  });

  it('names each service as the tag of its resource does', () => {
    const tagOf = (tags: unknown) => /'azd-service-name', '(\w+)'/.exec(String(tags))?.[1];
    const tags = [givenTo(template, 'functionApp', 'appTags'), givenTo(template, 'page', 'tags')].map(tagOf);
    expect(tags).toEqual(Object.keys(services));
  });

  it('has the page where the build writes it', () => {
    const page = normalize(join('spa', String(services.web?.dist)));
    expect(read('spa/vite.config.ts')).toContain(`'../${page.replaceAll('\\', '/')}'`);
  });

  it('points at the templates, and asks for a version that knows these keys', () => {
    expect(file.infra).toEqual({ provider: 'bicep', path: 'infra', module: 'main' });
    expect(existsSync(join(ROOT, 'infra/main.bicep'))).toBe(true);
    expect(pick(file, 'requiredVersions', 'azd')).toMatch(/^>= \d+\.\d+\.\d+$/);
  });

  it('has no .funcignore beside it, from which azd would infer a build in Azure', () => {
    expect(existsSync(join(ROOT, '.funcignore'))).toBe(false);
  });

  it.each(hooks)('runs the same command on every system in %s, and one that exists', (_name, hook) => {
    expect(Object.keys(hook).sort()).toEqual(['posix', 'windows']);
    expect([hook.posix?.shell, hook.windows?.shell]).toEqual(['sh', 'pwsh']);
    expect(hook.posix?.run).toBe(hook.windows?.run);
    for (const command of (hook.posix?.run ?? '').split(' && ')) {
      const [, script = ''] = /^npm (?:--prefix \.\. )?run ([\w:]+)$/.exec(command) ?? [];
      expect(scripts).toHaveProperty([script]);
    }
  });
});
