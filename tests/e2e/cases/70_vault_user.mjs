// The strongest installation on one machine: serve and vault under two users, and the organisation key with the operator,
// in neither of them. A whole recorded call, played and proven. Without root both programs run as whoever tests.
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, chownSync, copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, statSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Stack, freePort, root, until } from '../lib/stack.mjs';
import { Person } from '../lib/people.mjs';
import { check } from '../lib/scene.mjs';
import { api, endCall, meet, reviewRecording } from '../lib/story.mjs';

const build = process.env.PARLOUR_BUILD ?? join(root, 'build/release');
const canBecomeOthers = process.getuid() === 0;
// Numbers without names will do.
const serveUser = canBecomeOthers ? { uid: 64501, gid: 64501 } : {};
const vaultUser = canBecomeOthers ? { uid: 64502, gid: 64502 } : {};

class TwoUsers extends Stack {
  static async begin() {
    const stack = new TwoUsers();
    stack.options = {};
    stack.top = mkdtempSync(join(tmpdir(), 'parlour-e2e-'));
    chmodSync(stack.top, 0o755);
    const directory = (name, user, mode, gid = user.gid) => {
      const path = join(stack.top, name);
      mkdirSync(path);
      if (canBecomeOthers) chownSync(path, user.uid ?? 0, gid ?? 0);
      chmodSync(path, mode);
      return path;
    };
    // The checkout may be closed to other users; what is installed is not.
    const programs = directory('bin', {}, 0o755);
    stack.parlour = join(programs, 'parlour');
    stack.vaultProgram = join(programs, 'parlour-vault');
    copyFileSync(join(build, 'src/bin/parlour/parlour'), stack.parlour);
    copyFileSync(join(build, 'src/bin/parlour_vault/parlour-vault'), stack.vaultProgram);
    stack.web = join(stack.top, 'web');
    cpSync(join(root, 'web/dist'), stack.web, { recursive: true });
    execFileSync('chmod', ['-R', 'a+rX', programs, stack.web]);
    stack.home = directory('home', serveUser, 0o700);
    stack.vaultHome = directory('vault', vaultUser, 0o700);
    stack.socket = join(directory('run', vaultUser, 0o755), 'vault.sock');
    stack.recordings = directory('recordings', serveUser, canBecomeOthers ? 0o2750 : 0o700, vaultUser.gid);
    stack.operator = directory('operator', {}, 0o700);
    stack.logs = directory('log', {}, 0o755);
    stack.port = await freePort();
    stack.baseUrl = `https://localhost:${stack.port}`;

    // The operator's key is made first, and only its public half goes to the vault.
    const key = join(stack.operator, 'organisation.pem');
    stack.ask({}, ['admin', 'policy', 'key', '--out', key]);
    const publicHalf = join(stack.top, 'organisation.pub');
    copyFileSync(`${key}.pub`, publicHalf);
    const said = execFileSync(stack.vaultProgram, ['init', '--home', stack.vaultHome, '--organisation', 'Example Bank', '--origin', 'localhost/audit', '--organisation-public', publicHalf], { encoding: 'utf8', ...vaultUser });
    const fingerprint = /recorder fingerprint: +(.+)/.exec(said)[1];
    stack.types = { required: stack.ask(serveUser, ['admin', 'type', 'publish', '--home', stack.home, stack.readable('wealth-management.json')]).split(' ')[0] };
    stack.accounts = {};
    for (const [role, name] of [['agent', 'J. Adviser'], ['compliance', 'O. Officer']]) {
      const account = { email: `${role}@example.org`, password: randomBytes(12).toString('base64url'), name };
      stack.ask(serveUser, ['admin', 'user', 'add', '--home', stack.home, '--email', account.email, '--name', name, '--role', role], account.password + '\n');
      stack.accounts[role] = account;
    }
    stack.startVault();
    await stack.startServe();
    // Drafted on the server, signed elsewhere, installed while it runs.
    const users = canBecomeOthers ? ['--vault-uid', String(vaultUser.uid)] : [];
    const draft = join(stack.home, 'policy.draft');
    stack.ask(serveUser, ['admin', 'policy', 'draft', '--home', stack.home, '--vault', stack.socket, ...users, '--out', draft]);
    const away = join(stack.operator, 'draft');
    copyFileSync(draft, away);
    stack.ask({}, ['admin', 'policy', 'sign', '--key', key, '--recorder', fingerprint, away]);
    const back = join(stack.top, 'policy.signed');
    copyFileSync(`${away}.signed`, back);
    stack.ask(serveUser, ['admin', 'policy', 'install', '--home', stack.home, '--vault', stack.socket, ...users, back]);
    return stack;
  }

  readable(name) {
    const path = join(this.top, name);
    copyFileSync(join(root, 'deploy/demo', name), path);
    return path;
  }
  ask(user, words, input) { return execFileSync(this.parlour, words, { encoding: 'utf8', input, stdio: 'pipe', ...user }); }
  run(program, words, name, user) {
    const log = openSync(join(this.logs, `${name}.log`), 'a');
    return spawn(program, words, { stdio: ['ignore', log, log], ...user });
  }
  startVault() {
    const peer = canBecomeOthers ? ['--serve-uid', String(serveUser.uid)] : [];
    this.vault = this.run(this.vaultProgram, ['run', '--home', this.vaultHome, '--socket', this.socket, '--recordings', this.recordings, ...peer], 'vault', vaultUser);
  }
  async startServe() {
    const peer = canBecomeOthers ? ['--vault-uid', String(vaultUser.uid)] : [];
    this.serve = this.run(this.parlour, ['serve', '--home', this.home, '--port', String(this.port), '--web', this.web, '--vault', this.socket, '--recordings', this.recordings, ...peer], 'serve', serveUser);
    await until('the server is ready', () => {
      if (this.serve.exitCode !== null) throw new Error(`parlour serve ended: ${this.log('serve').slice(-2000)}`);
      return existsSync(join(this.home, 'serve.json'));
    });
    this.logKey = JSON.parse(readFileSync(join(this.home, 'serve.json'), 'utf8')).log_key;
  }
  log(name) { return readFileSync(join(this.logs, `${name}.log`), 'utf8'); }
  mayRead(user, path) {
    try { execFileSync('cat', [path], { stdio: 'ignore', ...user }); return true; } catch { return false; }
  }
  async stop() {
    await super.stop();
    rmSync(this.top, { recursive: true, force: true });
  }
}

test(`story: a vault of its own user, and a Policy that the operator signed${canBecomeOthers ? '' : ' (one user only: needs root for two)'}`, async () => {
  const stack = await TwoUsers.begin();
  const people = [];
  const person = async (who, more) => { const one = await Person.start(who, stack, more); people.push(one); return one; };
  try {
    const { agent } = await meet(person, 'required');
    await until('REC shows', async () => (await agent.page.locator('[data-testid=recording-fact][data-fact=on]').count()) > 0);
    await new Promise((resolve) => setTimeout(resolve, 3000));
    await endCall(agent);

    const { officer, meeting, recording } = await reviewRecording(person);
    check(recording.tracks.length === 2, `${recording.tracks.length} tracks`);
    await officer.page.goto(`${stack.baseUrl}/console#/meetings/${meeting.id}`);
    await officer.get('play').click();
    await officer.get('purpose-supervision').click();
    await officer.get('purpose-play').click();
    await officer.get('player-play').click();
    await until('it plays', async () => Number(await officer.get('player').getAttribute('data-position')) > 1000);
    const verdict = await api(officer, 'POST', '/audit/verify');
    check(verdict.body.exit === 0, verdict.body.text);

    check(!existsSync(join(stack.vaultHome, 'keys/organisation-1.pem')), 'the vault holds the organisation key');
    const segment = execFileSync('find', [stack.recordings, '-name', '*.seg'], { encoding: 'utf8' }).split('\n')[0];
    const rendition = execFileSync('find', [join(stack.vaultHome, 'renditions'), '-name', '*.sealed'], { encoding: 'utf8' }).split('\n')[0];
    check(segment && rendition, 'no segment or no rendition was stored');
    if (canBecomeOthers) {
      check(statSync(segment).uid === serveUser.uid && (statSync(segment).mode & 0o777) === 0o640, 'a segment has other rights than serve writes, vault reads');
      check(statSync(rendition).uid === vaultUser.uid, 'the rendition is not the vault’s');
      const open = [[serveUser, segment], [vaultUser, segment], [serveUser, join(stack.home, 'parlour.db')], [vaultUser, rendition], [vaultUser, join(stack.vaultHome, 'keys/compliance-1.pem')]];
      const closed = [[serveUser, rendition], [serveUser, join(stack.vaultHome, 'keys/compliance-1.pem')], [serveUser, join(stack.operator, 'organisation.pem')],
        [vaultUser, join(stack.home, 'parlour.db')], [vaultUser, join(stack.home, 'tls/key.pem')], [{ uid: 64503, gid: 64503 }, segment]];
      for (const [user, path] of open) check(stack.mayRead(user, path), `${user.uid} cannot read ${path}`);
      for (const [user, path] of closed) check(!stack.mayRead(user, path), `${user.uid} can read ${path}`);
    }
    for (const one of people) check(one.errors.length === 0, `${one.name}'s console: ${one.errors.join(' | ')}`);
  } catch (error) {
    console.log(stack.log('serve').slice(-1500), stack.log('vault').slice(-1500));
    throw error;
  } finally {
    for (const one of people) await one.stop().catch(() => {});
    await stack.stop();
  }
});
