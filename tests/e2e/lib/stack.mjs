// Starts a whole installation for a test: vault, server, demonstration types and accounts, in a directory of its own on
// free ports of 127.0.0.1, and stops it. Nothing here is faked: these are the programs that ship.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { witness } from './witness.mjs';

export const root = join(dirname(fileURLToPath(import.meta.url)), '../../..');
const build = process.env.PARLOUR_BUILD ?? join(root, 'build/release');
const parlour = join(build, 'src/bin/parlour/parlour');
const vaultProgram = join(build, 'src/bin/parlour_vault/parlour-vault');

export async function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** Waits for a fact, never for a time. */
export async function until(what, fact, seconds = 20) {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const value = await fact();
    if (value) return value;
    if (Date.now() > end) throw new Error(`${what} did not happen within ${seconds} s`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export class Stack {
  static async start(options = {}) {
    const stack = new Stack();
    stack.home = options.home ?? mkdtempSync(join(tmpdir(), 'parlour-e2e-'));
    stack.recordings = options.recordings ?? join(stack.home, 'recordings');
    stack.options = options;
    mkdirSync(join(stack.home, 'log'), { recursive: true });
    mkdirSync(stack.recordings, { recursive: true });
    if (options.witness) stack.witness = witness(stack.home);
    stack.port = options.port ?? (await freePort());
    stack.baseUrl = `https://localhost:${stack.port}`;
    execFileSync(vaultProgram, ['init', '--home', join(stack.home, 'vault'), '--organisation', 'Example Bank', '--origin', 'localhost/audit', '--with-organisation-key'], { stdio: 'pipe' });
    stack.types = {};
    for (const [rule, file] of [['required', 'wealth-management.json'], ['never', 'debt-counselling.json']]) {
      let document = join(root, 'deploy/demo', file);
      if (options.documents?.[rule]) document = options.documents[rule];
      stack.types[rule] = execFileSync(parlour, ['admin', 'type', 'publish', '--home', stack.home, document], { encoding: 'utf8' }).split(' ')[0];
    }
    stack.accounts = {};
    for (const [role, name] of [['agent', 'J. Adviser'], ['compliance', 'O. Officer'], ['administrator', 'A. Admin']]) {
      const email = `${role}@example.org`;
      const password = randomBytes(12).toString('base64url');
      execFileSync(parlour, ['admin', 'user', 'add', '--home', stack.home, '--email', email, '--name', name, '--role', role], { input: password + '\n', stdio: 'pipe' });
      stack.accounts[role] = { email, password, name };
    }
    stack.startVault();
    await stack.startServe();
    return stack;
  }

  startVault() {
    this.vault = this.#spawn(vaultProgram, ['run', '--home', join(this.home, 'vault'), '--socket', join(this.home, 'vault.sock'), '--recordings', this.recordings], 'vault');
  }

  /** Started, and not waited for. */
  launchServe() {
    rmSync(join(this.home, 'serve.json'), { force: true });
    const extra = this.options.serve ?? [];
    // `descriptors`: what an operator's system may give it, at most.
    const [program, first] = this.options.descriptors ? ['prlimit', [`--nofile=${this.options.descriptors}`, parlour]] : [parlour, []];
    this.serve = this.#spawn(program, [...first, 'serve', '--home', this.home, '--port', String(this.port), '--web', join(root, 'web/dist'), '--recordings', this.recordings, ...extra], 'serve', this.witness?.env(this.recordings));
  }

  async startServe() {
    this.launchServe();
    const ready = await until('the server is ready', () => {
      if (this.serve.exitCode !== null) throw new Error(`parlour serve ended with ${this.serve.exitCode}: ${this.log('serve').slice(-2000)}`);
      return existsSync(join(this.home, 'serve.json'));
    }, 60);
    this.ready = JSON.parse(readFileSync(join(this.home, 'serve.json'), 'utf8'));
    this.logKey = this.ready.log_key;
    return ready;
  }

  #spawn(program, args, name, env = {}) {
    const log = openSync(join(this.home, 'log', `${name}.log`), 'a');
    const child = spawn(program, args, { stdio: ['ignore', log, log], env: { ...process.env, ...env } });
    child.once('exit', (code, signal) => { child.ended = { code, signal }; });
    return child;
  }

  log(name) {
    return readFileSync(join(this.home, 'log', `${name}.log`), 'utf8');
  }

  async #end(child, signal) {
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    await until('a process ends', () => child.exitCode !== null || child.signalCode !== null, 15);
  }
  killServe() { return this.#end(this.serve, 'SIGKILL'); }
  killVault() { return this.#end(this.vault, 'SIGKILL'); }
  stopServe() { return this.#end(this.serve, 'SIGTERM'); }

  async stop() {
    await this.#end(this.serve, 'SIGTERM');
    await this.#end(this.vault, 'SIGTERM');
    if (!process.env.PARLOUR_E2E_KEEP && !this.options.home) rmSync(this.home, { recursive: true, force: true });
  }

  /** `parlour audit verify`: {status, output}. */
  verify(bundle, more = []) {
    try {
      const output = execFileSync(parlour, ['audit', 'verify', bundle, '--key', this.logKey, ...more], { encoding: 'utf8', stdio: 'pipe' });
      return { status: 0, output };
    } catch (error) {
      return { status: error.status, output: `${error.stdout}${error.stderr}` };
    }
  }
}
