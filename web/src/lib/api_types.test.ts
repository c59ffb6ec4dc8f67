import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import openapi, { astToString } from 'openapi-typescript';
import { expect, it } from 'vitest';

it('the types of the API are those of contracts/openapi.yaml (npm run generate)', async () => {
  const contract = new URL('../../../contracts/openapi.yaml', import.meta.url);
  const types = astToString(await openapi(contract, { alphabetize: true, silent: true }));
  const kept = readFileSync(fileURLToPath(new URL('../protocol/api.d.ts', import.meta.url)), 'utf8');
  // The generator's command puts a comment of its own above the types.
  expect(kept.slice(kept.indexOf('export '))).toBe(types.slice(types.indexOf('export ')));
});
