// Checks messages against contracts/signalling.schema.json: the few keywords that it uses.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './stack.mjs';

const contract = JSON.parse(readFileSync(join(root, 'contracts/signalling.schema.json'), 'utf8'));

function faults(schema, value, at) {
  if (schema.$ref) return faults(contract.$defs[schema.$ref.split('/').pop()], value, at);
  if (schema.anyOf) return schema.anyOf.some((one) => faults(one, value, at).length === 0) ? [] : [`${at}: none of the allowed forms`];
  if ('const' in schema) return value === schema.const ? [] : [`${at}: not ${schema.const}`];
  if (schema.enum) return schema.enum.includes(value) ? [] : [`${at}: ${JSON.stringify(value)} is not one of ${schema.enum}`];
  switch (schema.type) {
    case 'string': return typeof value === 'string' ? [] : [`${at}: no text`];
    case 'integer': return Number.isInteger(value) ? [] : [`${at}: no integer`];
    case 'boolean': return typeof value === 'boolean' ? [] : [`${at}: not true or false`];
    case 'null': return value === null ? [] : [`${at}: not null`];
    case 'array': return Array.isArray(value) ? value.flatMap((item, i) => faults(schema.items, item, `${at}/${i}`)) : [`${at}: no list`];
    case 'object': {
      if (value === null || typeof value !== 'object' || Array.isArray(value)) return [`${at}: no object`];
      const missing = schema.required.filter((name) => !(name in value)).map((name) => `${at}/${name}: missing`);
      return [...missing, ...Object.entries(value).flatMap(([name, item]) => (schema.properties[name] ? faults(schema.properties[name], item, `${at}/${name}`) : [`${at}/${name}: not in the contract`]))];
    }
    default: throw new Error(`a keyword that this checker does not know: ${JSON.stringify(schema)}`);
  }
}

/** Faults of one frame; `side` is ClientMessage or ServerMessage. */
export function signallingFaults(side, text) {
  const message = JSON.parse(text);
  const known = contract.$defs[side].oneOf.find((schema) => schema.properties.type.const === message.type);
  return known ? faults(known, message, message.type) : [`${side} ${message.type} is not in the contract`];
}
