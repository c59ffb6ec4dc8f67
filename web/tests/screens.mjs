// Takes every page in every state at 390 × 844 and 1280 × 800, light and dark, into build/screens with an index page, and runs
// axe-core on each. `npm run screens [parts of names]`. Fails on an axe violation, a console error, a blocked script or style, a
// request to any other host, and on text that is wider than the screen.
//
// The pages are the real ones; the call behind them is a test's (tests/preview), and /api/v1 is answered here.

import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { build } from 'vite';
import * as api from './screens_api.mjs';
import { followsStates } from './translator.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '../../build/screens');
const preview = join(root, 'preview');
const only = process.argv.slice(2);
const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const token = 'k'.repeat(32);
// SCREENS_PICTURES=no checks the pages and keeps no picture of the good ones.
const pictures = process.env.SCREENS_PICTURES !== 'no';

const types = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };
const csp = "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'; img-src 'self' blob:; media-src 'self' blob:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

function serve() {
  const server = createServer((request, response) => {
    const path = new URL(request.url, 'http://localhost').pathname;
    const file = path === '/j' || path === '/invitation' ? '/join.html' : path === '/console' ? '/console.html' : path;
    readFile(join(preview, file)).then(
      (bytes) => {
        response.writeHead(200, { 'content-type': types[extname(file)] ?? 'application/octet-stream', 'content-security-policy': csp, 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' });
        response.end(bytes);
      },
      () => {
        response.writeHead(404).end();
      },
    );
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

// ---- what is shown ----

const json = (body, status = 200) => ({ status, contentType: 'application/json', body: JSON.stringify(body) });
const open = (options) => ({ 'POST /link': () => json(api.invitation(options)), 'GET /guest': () => json(api.invitation(options)) });
const link = `/j#${token}`;

const closed = (state, reason, lang) => ({ lang, path: '/closed.html', answers: { 'GET /health': () => json({ ready: false, state, reason }, 503) }, act: (page) => page.getByTestId(`closed-${state}`).and(page.locator(':has([data-testid=closed-code])')).waitFor() });

/** The fake microphone beeps once a second: until it was heard the page says something else. */
const spoken = (page) => page.getByTestId('microphone-word').filter({ hasText: /works|werkt/ }).waitFor();

/** Customer pages: [name, {path, answers, act, scene, …}]. `act` does what a person does before the picture is taken. */
const customer = [
  ['closed-unknown', { path: '/closed.html', answers: { 'GET /health': () => ({ status: 502 }) }, act: (page) => page.getByTestId('closed-unknown').waitFor() }],
  ['closed-locked', closed('locked', 'vault.unreachable')],
  ['closed-alarm', closed('alarm', 'head.rollback')],
  ['closed-locked-nl', closed('locked', 'vault.unreachable', 'nl')],
  ['closed-alarm-nl', closed('alarm', 'head.fork', 'nl')],
  ['join-loading', { path: link, answers: { 'POST /link': () => 'never' }, act: (page) => page.waitForTimeout(2300) }],
  ['join-invitation', { path: link, answers: open() }],
  ['join-invitation-nl', { path: link, answers: open({ lang: 'nl' }), lang: 'nl' }],
  ['join-invitation-never', { path: link, answers: open({ kind: 'never' }) }],
  ['join-invitation-half-way', { path: link, answers: open({ progress: [true, false] }) }],
  ['join-is-it-us', { path: link, answers: open(), act: (page) => page.getByTestId('open-is-it-us').click() }],
  ['join-cant-make-it', { path: link, answers: open(), act: async (page) => { await page.getByTestId('open-cant-make-it').click(); await page.getByRole('radio').last().check(); } }],
  ['join-cancel-sure', { path: link, answers: open(), act: async (page) => { await page.getByTestId('open-cant-make-it').click(); await page.getByTestId('cancel').click(); } }],
  ['join-cancelled-now', { path: link, answers: { ...open(), 'POST /guest/cancel': () => ({ status: 204 }) }, act: async (page) => { await page.getByTestId('open-cant-make-it').click(); await page.getByTestId('cancel').click(); await page.getByTestId('cancel-confirm').click(); await page.getByTestId('cancelled-now').waitFor(); } }],
  ['join-early', { path: link, answers: open({ entry: 'early' }) }],
  ['join-late', { path: link, answers: open({ entry: 'late' }) }],
  ['join-cancelled', { path: link, answers: open({ entry: 'cancelled', cancelled: { by: 'agent', reason: 'The adviser is ill' } }) }],
  ['join-ended', { path: link, answers: open({ entry: 'ended' }) }],
  ['join-bad-link', { path: link, answers: { 'POST /link': () => api.problem(404, 'link.unknown') } }],
  ['join-damaged-link', { path: '/j#not%20a%20link', answers: {} }],
  ['join-bad-link-nl', { path: '/j#half', answers: {}, lang: 'nl' }],
  ['join-paste-problem', { path: '/j', tab: 'new', answers: { 'GET /guest': () => api.problem(401, 'guest.missing') }, act: async (page) => { await page.getByTestId('paste-link-text').fill('see you on Tuesday'); await page.getByTestId('paste-link-open').click(); await page.locator('#paste-link-error').waitFor(); } }],
  ['join-no-page', { path: '/invitation', tab: 'new', answers: {} }],
  ['join-open-one', { path: '/j', tab: 'new', answers: open(), ready: '[data-testid=open-one]' }],
  ['join-other-one', { path: '/j', tab: 'other', answers: open(), ready: '[data-testid=other-one]' }],
  ['join-elsewhere', { path: link, answers: open(), act: (page) => page.getByTestId('open-elsewhere').click() }],
  ['join-too-many', { path: link, answers: { 'POST /link': () => api.problem(429, 'rate.limited', { retry: 240 }) } }],
  ['join-no-link', { path: '/j', tab: 'new', answers: { 'GET /guest': () => api.problem(401, 'guest.missing') } }],
  ['join-error', { path: link, answers: { 'POST /link': () => api.problem(500, 'internal') } }],
  ['join-offline', { path: link, answers: { 'POST /link': () => 'abort' } }],
  ['join-lost', { path: '/j#/check', answers: { ...open(), 'POST /guest/device': () => api.problem(401, 'guest.missing') }, act: async (page) => { await page.getByTestId('allow-none').click(); await page.getByTestId('device-continue').click(); await page.getByTestId('link-lost').waitFor(); } }],
  ['check-testing', { path: '/j#/check', answers: open(), browser: 'slow' }],
  ['check-unable', { path: '/j#/check', answers: open(), browser: 'api' }],
  ['check-silent', { path: '/j#/check', answers: open(), browser: 'silent' }],
  ['check-explain', { path: '/j#/check', answers: open() }],
  ['check-ready', { path: '/j#/check', answers: open(), act: async (page) => { await page.getByTestId('allow-both').click(); await page.getByTestId('device-preview').waitFor(); await page.getByTestId('play-sound').click(); await page.getByTestId('sound-heard').waitFor(); await spoken(page); } }],
  ['check-no-camera', { path: '/j#/check', answers: open(), act: async (page) => { await page.getByTestId('allow-microphone').click(); await page.getByTestId('camera-on').waitFor(); await spoken(page); } }],
  ['check-no-path', { path: '/j#/check', answers: open(), browser: 'no_path', act: async (page) => { await page.getByTestId('allow-both').click(); await page.getByTestId('no-path').waitFor(); await spoken(page); } }],
  ['check-refused', { path: '/j#/check', answers: open(), devices: 'refused', act: async (page) => { await page.getByTestId('allow-both').click(); await page.getByTestId('device-refused').waitFor(); } }],
  ['check-missing', { path: '/j#/check', answers: open(), devices: 'missing', act: async (page) => { await page.getByTestId('allow-both').click(); await page.getByTestId('camera-trouble').waitFor(); } }],
  ['notice-required', { path: '/j#/notice', answers: open({ progress: [true, false] }) }],
  ['notice-required-nl', { path: '/j#/notice', answers: open({ progress: [true, false], lang: 'nl' }), lang: 'nl' }],
  ['notice-text', { path: '/j#/notice', answers: open({ progress: [true, false] }), act: (page) => page.locator('summary').click() }],
  ['notice-never', { path: '/j#/notice', answers: open({ kind: 'never', progress: [true, false] }) }],
  ['notice-other-ways', { path: '/j#/notice', answers: open({ progress: [true, false] }), act: (page) => page.getByTestId('notice-other-ways').click() }],
  ['notice-declined', { path: '/j#/notice', answers: open({ progress: [true, false] }), act: async (page) => { await page.getByTestId('notice-other-ways').click(); await page.getByTestId('notice-decline-confirm').click(); await page.getByTestId('declined-notice').waitFor(); } }],
  ['notice-damaged', { path: '/j#/notice', answers: { 'GET /guest': () => { const body = api.invitation({ progress: [true, false] }); body.notice.text += ' '; return json(body); } }, ready: '[data-testid=notice-damaged]' }],
  ...[
    ['starting', 'waiting-room'], ['waiting', 'waiting-room'], ['waiting_queue', 'waiting-room'], ['waiting_lost', 'waiting-room'], ['waiting_no_path', 'waiting-no-path'], ['waiting_testing', 'waiting-path'], ['refused', 'enter-refused'], ['waiting_elsewhere', 'wait-here'], ['connecting', 'connecting'], ['connected', 'remote-picture'], ['connected_never', 'remote-picture'],
    ['no_path', 'call-no-path'], ['other_no_path', 'other-no-path'], ['connected_no_camera', 'stage'], ['connected_shared', 'shared-screen'], ['stopped', 'recording-stopped'], ['poor', 'quality'], ['reconnecting', 'reconnecting'], ['other_reconnecting', 'other-reconnecting'], ['other_silent', 'other-reconnecting'], ['picture_still', 'picture-still'], ['screen_still', 'screen-still'], ['held', 'held'], ['problem', 'call-problem'],
    ['ended_staff', 'goodbye'], ['ended_never', 'goodbye'], ['ended_left', 'goodbye'], ['ended_doubt', 'goodbye'], ['ended_lost', 'goodbye'], ['ended_declined', 'goodbye'], ['ended_no_conversation', 'goodbye'], ['ended_no_path', 'no-path-next'], ['ended_second_refused', 'goodbye'], ['ended_keys', 'goodbye'], ['ended_link_replaced', 'goodbye'], ['keys_missing', 'link-unproven'], ['not_begun', 'recording-stopped'], ['waiting_asked', 'link-left-out'], ['held_left', 'held'],
  ].map(([scene, ready]) => [`call-customer-${scene}`, { path: '/j#/wait', answers: open({ kind: scene.includes('never') ? 'never' : 'required', progress: [true, true] }), scene, ready: `[data-testid=${ready}]`, settle: 500 }]),
  ['call-customer-devices-asked', { path: '/j#/wait', answers: open({ progress: [true, true] }), devices: 'asked', ready: '[data-testid=devices-asked]' }],
  ['call-customer-devices-asked-nl', { path: '/j#/wait', answers: open({ progress: [true, true], lang: 'nl' }), devices: 'asked', lang: 'nl', ready: '[data-testid=devices-asked]' }],
  ['call-customer-back', { path: '/j#/check', answers: open({ progress: [true, true] }), scene: 'connected', act: async (page) => { await page.evaluate(() => { location.hash = '#/wait'; }); await page.getByTestId('remote-picture').waitFor(); await page.goBack(); await page.getByTestId('leave-sheet').waitFor(); } }],
  ['call-customer-waiting_no_path-nl', { path: '/j#/wait', answers: open({ progress: [true, true], lang: 'nl' }), scene: 'waiting_no_path', lang: 'nl', ready: '[data-testid=waiting-no-path]' }],
  ['call-customer-security', { path: '/j#/wait', answers: open({ progress: [true, true] }), scene: 'code_changed', act: async (page) => { await page.getByTestId('facts').click(); await page.getByTestId('security-code').waitFor(); } }],
  ['call-customer-link-offered', { path: '/j#/wait', answers: open({ progress: [true, true] }), scene: 'connected', ready: '[data-testid=remote-picture]', act: async (page) => { await page.evaluate(() => { location.hash = '#' + 'm'.repeat(32); }); await page.getByTestId('link-offered').waitFor(); } }],
  ['call-customer-security-never', { path: '/j#/wait', answers: open({ kind: 'never', progress: [true, true] }), scene: 'connected_never', act: async (page) => { await page.getByTestId('facts').click(); await page.getByTestId('security-code').waitFor(); } }],
  ['call-customer-connected-nl', { path: '/j#/wait', answers: open({ progress: [true, true], lang: 'nl' }), scene: 'connected', lang: 'nl', settle: 500, ready: '[data-testid=remote-picture]' }],
  ['join-closed', { path: '/j#/wait', answers: { ...open({ progress: [true, true] }), 'DELETE /guest': () => ({ status: 204 }) }, scene: 'ended_staff', act: async (page) => { await page.getByTestId('close-page').click(); await page.getByTestId('page-closed').waitFor(); } }],
];

const staff = (role, more = {}) => ({
  'GET /session': () => json(api.session(role)),
  'GET /meetings': () => json({ items: api.meetings, next: null }),
  'GET /types': () => json(api.typeList),
  'GET /status': () => json(api.status),
  'GET /recordings': () => json({ items: [api.recording, { ...api.recording, id: api.recording.id.replace('b1', 'b3'), differs: ['manifest'], coverage_permille: null }, { ...api.recording, id: api.recording.id.replace('b1', 'b2'), state: 'sealed', coverage_permille: null, gaps: [], gaps_total: 0, plays: [] }], next: null }),
  'GET /audit/entries': () => json(api.log),
  ...more,
});
const one = (key, extra = {}, recordings = []) => {
  const id = api.ids[key];
  const found = { ...api.meetings.find((meeting) => meeting.id === id), ...extra };
  return { [`GET /meetings/${id}`]: () => json(found), [`GET /meetings/${id}/timeline`]: () => json(api.timeline), [`GET /meetings/${id}/recordings`]: () => json({ items: recordings }) };
};
const page = (key, more = '') => `/console#/meetings/${api.ids[key]}${more}`;
const held = { ...api.recording, coverage_permille: 978, stops: [{ from_ms: 1_200_000, to_ms: 1_246_000, cause: 'held' }, { from_ms: 2_000_000, to_ms: 2_004_000, cause: 'stopped' }] };
// At 1 s of the playback below: everybody is held, or the customer's camera is off, or the customer has not come yet.
const covered = (state) => ({
  ...api.recording, gaps: [], gaps_total: 0, stops: state === 'held' ? [{ from_ms: 500, to_ms: 46_500, cause: 'held' }] : [],
  tracks: api.recording.tracks.map((track) => (track.track === 0 ? track : { ...track, pictures: state === 'held' ? track.pictures : [[1500, 2000]], sound: state === 'not_yet' ? [[1500, 2000]] : [[200, 2000]] })),
});
const archive = { url: `/api/v1/play/${api.ids.playback}/archive`, name: `recording-2026-11-24-${api.ids.ended}.zip`, size: 48_000_000 };
const playback = { playback: api.ids.playback, archive: null, duration_ms: 2000, tracks: api.recording.tracks.map((track) => ({ ...track, url: `/api/v1/play/${api.ids.playback}/${track.track}`, size: 24_000_000, offset_ms: track.track * 200, duration_ms: 1800 })) };
const waiting = { waiting: api.waiting };
const call = (scene, ready, more = {}) => ({ path: page('meeting', '/call'), answers: { ...staff('agent'), ...one('meeting') }, scene, ready: `[data-testid=${ready}]`, devices: 'remembered', settle: 500, ...waiting, ...more });

const console_ = [
  ['login', { path: '/console', answers: { 'GET /session': () => ({ status: 204 }) } }],
  ['login-wrong', { path: '/console', answers: { 'GET /session': () => ({ status: 204 }), 'POST /session': () => api.problem(401, 'login.failed') }, act: logIn }],
  ['login-wait', { path: '/console', answers: { 'GET /session': () => ({ status: 204 }), 'POST /session': () => api.problem(429, 'rate.limited', { retry: 16 }) }, act: logIn }],
  ['login-empty', { path: '/console', answers: { 'GET /session': () => ({ status: 204 }) }, act: (page) => page.getByTestId('login-submit').click() }],
  ['console-offline', { path: '/console', answers: { 'GET /session': () => 'abort' } }],
  ['today', { path: '/console', answers: staff('agent'), ...waiting }],
  ['today-nl', { path: '/console', answers: staff('agent'), ...waiting, lang: 'nl' }],
  ['today-empty', { path: '/console', answers: { ...staff('agent'), 'GET /meetings': () => json({ items: [], next: null }) }, waiting: [] }],
  ['today-loading', { path: '/console', answers: { ...staff('agent'), 'GET /meetings': () => 'never' }, ready: '[data-testid=loading]', act: (page) => page.waitForTimeout(2300) }],
  ['today-error', { path: '/console', answers: { ...staff('agent'), 'GET /meetings': () => api.problem(500, 'internal') }, waiting: [] }],
  ['waiting', { path: '/console#/waiting', answers: staff('agent'), ...waiting }],
  ['waiting-away', { path: '/console#/waiting', answers: staff('agent'), waiting: api.waiting.map((one, i) => (i === 0 ? { ...one, away_since: one.since + 60_000 } : one)), ready: '[data-testid=waiting-away]' }],
  ['waiting-decline', { path: '/console#/waiting', answers: staff('agent'), ...waiting, act: (page) => page.getByTestId('decline').first().click() }],
  ['meeting-new', { path: '/console', answers: staff('agent'), waiting: [], act: async (page) => { await page.getByTestId('new-meeting-open').first().click(); await page.getByTestId('new-name').waitFor(); } }],
  ['meeting-new-errors', { path: '/console', answers: staff('agent'), waiting: [], act: async (page) => { await page.getByTestId('new-meeting-open').first().click(); await page.getByTestId('create-meeting').click(); } }],
  ['meeting-new-done', { path: '/console', answers: { ...staff('agent'), 'POST /meetings': () => json({ meeting: api.meetings[0], link: `https://meet.example.org/j#${token}` }, 201) }, waiting: [], act: async (page) => { await page.getByTestId('new-meeting-open').first().click(); await page.getByTestId('new-name').fill('C. Customer'); await page.getByTestId('new-email').fill('c@example.org'); await page.getByTestId('create-meeting').click(); await page.getByTestId('customer-link').waitFor(); } }],
  ['meetings', { path: '/console#/meetings', answers: staff('agent'), waiting: [] }],
  ['meetings-officer', { path: '/console', answers: staff('compliance') }],
  ['meetings-empty', { path: '/console#/meetings', answers: { ...staff('agent'), 'GET /meetings': () => json({ items: [], next: null }) }, waiting: [] }],
  ['meetings-none', { path: '/console#/meetings', answers: { ...staff('agent'), 'GET /meetings': () => json({ items: [], next: null }) }, waiting: [], act: async (page) => { await page.getByTestId('filter-past').click(); await page.getByTestId('meetings-none').waitFor(); } }],
  ['meeting-agent', { path: page('meeting'), answers: { ...staff('agent'), ...one('meeting') }, waiting: [] }],
  ['meeting-held', { path: page('meeting'), answers: { ...staff('agent'), ...one('meeting', { state: 'held' }) }, waiting: [] }],
  ['meeting-cancel', { path: page('never'), answers: { ...staff('agent'), ...one('never') }, waiting: [], act: async (page) => { await page.getByTestId('cancel-meeting').click(); await page.getByTestId('cancel-confirm').click(); } }],
  ['meeting-new-link', { path: page('never'), answers: { ...staff('agent'), ...one('never') }, waiting: [], act: (page) => page.getByTestId('new-link').click() }],
  ['meeting-cancelled', { path: page('cancelled'), answers: { ...staff('agent'), ...one('cancelled') }, waiting: [] }],
  ['meeting-officer', { path: page('ended'), answers: { ...staff('compliance'), ...one('ended', {}, [api.recording]) }, settle: 300 }],
  ['meeting-officer-nl', { path: page('ended'), answers: { ...staff('compliance'), ...one('ended', {}, [api.recording]) }, lang: 'nl', settle: 300 }],
  ['meeting-officer-failed', { path: page('ended'), answers: { ...staff('compliance'), ...one('ended', {}, [{ ...api.recording, state: 'failed', failure: 'segment.damaged', coverage_permille: null, gaps: [], gaps_total: 0, plays: [] }]) } }],
  ['meeting-officer-sealed', { path: page('ended'), answers: { ...staff('compliance'), ...one('ended', {}, [{ ...api.recording, state: 'sealed', coverage_permille: null, gaps: [], gaps_total: 0, tracks: [], plays: [] }]) } }],
  ['meeting-officer-differs', { path: page('ended'), answers: { ...staff('compliance'), ...one('ended', {}, [{ ...api.recording, differs: ['keep_until', 'manifest', 'state', 'summary', 'times'], started_at: null, stopped_at: null, duration_ms: 0, coverage_permille: null, gaps: [], gaps_total: 0, tracks: [], keep_until: null }]) } }],
  ['meeting-officer-differs-nl', { path: page('ended'), answers: { ...staff('compliance'), ...one('ended', {}, [{ ...api.recording, differs: ['keep_until'], keep_until: null }]) }, lang: 'nl' }],
  ['meeting-officer-many-gaps', { path: page('ended'), answers: { ...staff('compliance'), ...one('ended', {}, [{ ...api.recording, gaps_total: 14_000, gaps: [...api.recording.gaps, { ...api.recording.gaps[2], track: null, name: '' }] }]) } }],
  ['meeting-officer-never', { path: page('never'), answers: { ...staff('compliance'), ...one('never', { state: 'ended', ended_at: api.now }) } }],
  ['meeting-raw', { path: page('ended'), answers: { ...staff('compliance'), ...one('ended', {}, [api.recording]) }, act: async (page) => { await page.locator('summary').first().click(); await page.locator('summary').first().scrollIntoViewIfNeeded(); } }],
  ['meeting-purpose', { path: page('ended'), answers: { ...staff('compliance'), ...one('ended', {}, [api.recording]) }, act: (page) => page.getByTestId('play').click() }],
  ['meeting-purpose-missing', { path: page('ended'), answers: { ...staff('compliance'), ...one('ended', {}, [api.recording]) }, act: async (page) => { await page.getByTestId('play').click(); await page.getByTestId('purpose-play').click(); await page.getByTestId('purpose-missing').waitFor(); } }],
  ['meeting-officer-held', { path: page('ended'), answers: { ...staff('compliance'), ...one('ended', {}, [held]) }, act: (page) => page.getByTestId('coverage').scrollIntoViewIfNeeded() }],
  ['meeting-officer-held-nl', { path: page('ended'), answers: { ...staff('compliance'), ...one('ended', {}, [held]) }, lang: 'nl', act: (page) => page.getByTestId('coverage').scrollIntoViewIfNeeded() }],
  ...['held', 'camera_off', 'not_yet'].map((state) => [`meeting-player-${state}`, { path: page('ended'), answers: { ...staff('compliance'), ...one('ended', {}, [covered(state)]), [`POST /recordings/${api.ids.recording}/play`]: () => json(playback, 201) }, act: async (page) => { await page.getByTestId('play').click(); await page.getByTestId('purpose-complaint').click(); await page.getByTestId('purpose-play').click(); await page.getByTestId('player-seek').fill('1000'); await page.getByTestId('cover').first().waitFor(); await page.getByTestId('player').scrollIntoViewIfNeeded(); } }]),
  ['meeting-play-refused', { path: page('ended'), answers: { ...staff('compliance'), ...one('ended', {}, [api.recording]), [`POST /recordings/${api.ids.recording}/play`]: () => api.problem(503, 'vault.unavailable') }, act: async (page) => { await page.getByTestId('play').click(); await page.getByTestId('purpose-complaint').click(); await page.getByTestId('purpose-play').click(); await page.getByTestId('error').waitFor(); } }],
  ['meeting-player', { path: page('ended'), answers: { ...staff('compliance'), ...one('ended', {}, [api.recording]), [`POST /recordings/${api.ids.recording}/play`]: () => json(playback, 201) }, act: async (page) => { await page.getByTestId('play').click(); await page.getByTestId('purpose-complaint').click(); await page.getByTestId('purpose-play').click(); await page.getByTestId('player-seek').fill('1000'); await page.waitForTimeout(600); await page.getByTestId('player').scrollIntoViewIfNeeded(); } }],
  ['meeting-download', { path: page('ended'), answers: { ...staff('compliance'), ...one('ended', {}, [api.recording]) }, act: async (page) => { await page.getByTestId('download').click(); await page.getByTestId('download-ask').click(); } }],
  ['meeting-download-files', { path: page('ended'), answers: { ...staff('compliance'), ...one('ended', {}, [api.recording]), [`POST /recordings/${api.ids.recording}/download`]: () => json({ ...playback, archive }, 201) }, act: async (page) => { await page.getByTestId('download').click(); await page.getByTestId('download-reason').fill('Request of the client'); await page.getByTestId('download-ask').click(); await page.getByTestId('download-file').first().waitFor(); } }],
  ['meeting-verdict', { path: page('ended'), answers: { ...staff('compliance'), ...one('ended', {}, [api.recording]), 'POST /audit/verify': () => json(api.verdict) }, act: async (page) => { await page.getByTestId('verify-log').click(); await page.getByTestId('verdict').waitFor(); await page.getByTestId('verdict').scrollIntoViewIfNeeded(); } }],
  ['meeting-missing', { path: page('live'), answers: { ...staff('agent'), [`GET /meetings/${api.ids.live}`]: () => api.problem(404, 'not_found') }, waiting: [] }],
  ['recordings', { path: '/console#/recordings', answers: staff('compliance') }],
  ['recordings-empty', { path: '/console#/recordings', answers: { ...staff('compliance'), 'GET /recordings': () => json({ items: [], next: null }) } }],
  ['audit', { path: '/console#/audit', answers: staff('compliance') }],
  ['audit-bad', { path: '/console#/audit', answers: { ...staff('compliance'), 'POST /audit/verify': () => json(api.verdictBad) }, act: async (page) => { await page.getByTestId('verify-log').click(); await page.getByTestId('verdict').waitFor(); } }],
  ['audit-none', { path: '/console#/audit', answers: staff('compliance'), act: (page) => page.getByTestId('audit-search').fill('nothing like it') }],
  ['types', { path: '/console#/types', answers: staff('administrator') }],
  ['system', { path: '/console', answers: staff('administrator') }],
  ['system-down', { path: '/console', answers: { ...staff('administrator'), 'GET /status': () => json({ ...api.status, vault: 'down' }) } }],
  ['console-refused', { path: '/console#/audit', answers: staff('agent'), waiting: [] }],
  ['console-not-found', { path: '/console#/nothing', answers: staff('agent'), waiting: [] }],
  ['call-agent-devices', call('alone', 'device-setup', { devices: 'fake' })],
  ['call-agent-alone', call('alone', 'call-alone', { waiting: [] })],
  ['call-agent-waiting', call('alone_waiting', 'admit')],
  ['call-agent-away', call('away_waiting', 'waiting-away')],
  ['call-agent-decline', call('alone_waiting', 'admit', { act: (page) => page.getByTestId('decline').first().click() })],
  ['call-agent-connecting', call('connecting', 'connecting')],
  ['call-agent-unreachable', call('other_no_path', 'other-no-path')],
  ['call-agent-no-path', call('no_path', 'call-no-path')],
  ['call-agent-connected', call('connected', 'remote-picture')],
  ['call-agent-connected-nl', call('connected', 'remote-picture', { lang: 'nl' })],
  ['call-agent-shared', call('connected_shared', 'shared-screen')],
  ['call-agent-security', call('connected', 'remote-picture', { act: (page) => page.getByTestId('facts').click() })],
  ['call-agent-second', call('second_waiting', 'remote-picture', { act: async (page) => { if (await page.getByTestId('open-people').count()) await page.getByTestId('open-people').click(); } })],
  ['call-agent-stopped', call('stopped', 'recording-stopped')],
  ['call-agent-held', call('held', 'held')],
  ['call-agent-problem', call('problem', 'call-problem')],
  ['call-agent-end', call('connected', 'remote-picture', { act: (page) => page.getByTestId('end-call').click() })],
  ['call-agent-back', call('connected', 'remote-picture', { act: async (page) => { await page.evaluate(() => { location.hash = '#/today'; }); await page.getByTestId('leave-sheet').waitFor(); } })],
  ['call-agent-silent', call('other_silent', 'other-reconnecting')],
  ['call-agent-screen-still', call('screen_still', 'screen-still')],
  ['call-agent-keys', call('connected', 'remote-picture', { act: (page) => page.keyboard.press('?') })],
  ['call-agent-elsewhere', call('elsewhere', 'agent-elsewhere')],
  ['call-agent-refused', call('refused', 'agent-refused')],
  ['call-agent-ended', call('ended_staff', 'agent-ended')],
  ['call-agent-no-conversation', call('ended_no_conversation', 'agent-ended')],
  ['call-agent-ended-no-path', call('ended_no_path', 'agent-ended')],
  ['call-agent-keys-missing', call('keys_missing', 'recording-stopped')],
  ['call-agent-not-begun', call('not_begun', 'recording-stopped')],
  ['call-agent-undecided', call('undecided_waiting', 'waiting-undecided')],
  ['call-agent-known', call('known_waiting', 'waiting-known')],
];

async function logIn(page) {
  await page.getByTestId('login-email').fill('agent@example.org');
  await page.getByTestId('login-password').fill('wrong');
  await page.getByTestId('login-submit').click();
  await page.getByTestId(/login-(error|wait)/).first().waitFor();
}

// ---- how it is taken ----

async function video(browser, base) {
  const page = await browser.newPage();
  await page.goto(`${base}/icon.svg`);
  const text = await page.evaluate(async () => {
    const canvas = document.createElementNS('http://www.w3.org/1999/xhtml', 'canvas');
    canvas.width = 320;
    canvas.height = 240;
    const pen = canvas.getContext('2d');
    let x = 0;
    const timer = setInterval(() => {
      pen.fillStyle = '#b8c4c9';
      pen.fillRect(0, 0, 320, 240);
      pen.fillStyle = '#2d5f6b';
      pen.fillRect((x += 4) % 320, 90, 60, 60);
    }, 40);
    const recorder = new MediaRecorder(canvas.captureStream(25), { mimeType: 'video/webm;codecs=vp8' });
    const parts = [];
    recorder.ondataavailable = (event) => parts.push(event.data);
    recorder.start();
    await new Promise((resolve) => setTimeout(resolve, 2200));
    const stopped = new Promise((resolve) => (recorder.onstop = resolve));
    recorder.stop();
    await stopped;
    clearInterval(timer);
    const bytes = new Uint8Array(await new Blob(parts).arrayBuffer());
    return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
  });
  await page.close();
  return Buffer.from(text, 'base64');
}

/** Fault B2: a translated page says what the same page says untranslated, after each change: of the call's state, of the language. */
async function translated(page, options) {
  // What these say depends on where the person was before, so that they are no place to come back to.
  const once = ['ended_declined', 'ended_second_refused', 'ended_link_replaced', 'elsewhere'].includes(options.scene);
  if (options.scene !== undefined && options.act === undefined && !once) {
    // All of them from one page of each side; from every other there and back.
    const tour = await page.evaluate(() => window.parlourTour ?? []);
    const scenes = options.scene === 'connected' ? tour : [options.scene, 'connected', options.scene];
    if (tour.length > 0) return followsStates(page, scenes.map((scene) => [scene, () => page.evaluate((name) => window.parlourShow(name), scene)]));
  }
  const languages = ['nl', 'en'].map((code) => [code, page.getByTestId(`language-${code}`).first()]);
  if (!(await languages[0][1].isVisible())) return [];
  return followsStates(page, languages.map(([code, button]) => [code, () => button.evaluate((element) => element.click())]));
}

async function take(browser, base, movie, [name, options], size, scheme) {
  const context = await browser.newContext({
    viewport: size, colorScheme: scheme, locale: options.lang === 'nl' ? 'nl-NL' : 'en-GB', timezoneId: 'Europe/Amsterdam', reducedMotion: 'reduce', hasTouch: size.width < 500, isMobile: size.width < 500,
    permissions: options.devices === 'refused' ? [] : ['camera', 'microphone', 'clipboard-write'],
  });
  const page = await context.newPage();
  const faults = [];
  // The browser's own setting for larger text, as a person would choose it.
  if (process.env.SCREENS_TEXT) await (await context.newCDPSession(page)).send('Page.setFontSizes', { fontSizes: { standard: Number(process.env.SCREENS_TEXT), fixed: 26 } });
  page.on('pageerror', (error) => faults.push(`page error: ${error.message}`));
  page.on('console', (message) => {
    // The browser's own line about an answer that we asked for (401, 404, 429, 500) is no fault of the page.
    if (message.type() === 'error' && !/Failed to load resource/.test(message.text())) faults.push(`console: ${message.text()}`);
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(base) && !request.url().startsWith('blob:')) faults.push(`other host: ${request.url()}`);
  });
  await page.clock.setFixedTime(api.now);
  await page.addInitScript(
    ([scene, browserState, devices, fixed, kept]) => {
      // The tab came by a link before; a reload goes on with it.
      if (kept !== '' && location.protocol !== 'about:' && sessionStorage.getItem('parlour.link') === null) sessionStorage.setItem('parlour.link', kept);
      window.parlourScene = scene;
      window.parlourBrowser = browserState;
      if (devices === 'remembered') localStorage.setItem('parlour.console.devices', '{"camera":true,"microphone":true}');
      // The browser's question stands, and nobody has answered it yet.
      if (devices === 'asked') navigator.mediaDevices.getUserMedia = () => new Promise(() => undefined);
      if (devices === 'refused' || devices === 'missing') {
        const error = devices === 'refused' ? 'NotAllowedError' : 'NotFoundError';
        navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', error));
      }
      void fixed;
    },
    [options.scene ?? '', options.browser ?? 'ok', options.devices ?? 'fake', api.now, options.tab === 'new' ? '' : JSON.stringify({ token, secret: null, meeting: options.tab === 'other' ? api.ids.recording : api.ids.meeting })],
  );
  await page.routeWebSocket(/\/api\/v1\/call/, (socket) => {
    socket.onMessage(() => {
      if (options.waiting !== undefined) socket.send(JSON.stringify({ type: 'waiting', n: 1, list: options.waiting }));
    });
  });
  await page.route('**/api/v1/**', async (route) => {
    const request = route.request();
    const path = new URL(request.url()).pathname.replace('/api/v1', '');
    if (path.startsWith('/play/') && request.method() === 'GET') return route.fulfill({ status: 200, contentType: 'video/webm', body: movie });
    const answer = options.answers[`${request.method()} ${path}`] ?? { 'GET /health': () => json({ ready: true }) }[`${request.method()} ${path}`];
    const result = answer === undefined ? (request.method() === 'GET' ? api.problem(404, 'not_found') : { status: 204 }) : answer();
    if (result === 'never') return undefined;
    if (result === 'abort') return route.abort();
    return route.fulfill(result);
  });
  const file = `${name}-${size.width}-${scheme}`;
  let violations = [];
  try {
    await page.goto(`${base}${options.path}`);
    await page.locator(options.ready ?? 'h1, [data-testid=loading]').first().waitFor({ timeout: 8000 });
    await options.act?.(page);
    await page.waitForTimeout(options.settle ?? 150);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    if (wide > 1) faults.push(`${wide} px wider than the screen`);
    await page.evaluate(axe);
    violations = await page.evaluate(async () => {
      const result = await window.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] });
      return result.violations.map((one) => `${one.id}: ${one.help} (${one.nodes.map((node) => node.target.join(' ')).slice(0, 3).join('; ')})`);
    });
    if (pictures) await page.screenshot({ path: join(root, `${file}.png`), fullPage: true });
    if (size.width === 1280) faults.push(...(await translated(page, options)));
  } catch (error) {
    faults.push(`not taken: ${String(error.message).split('\n')[0]}`);
    await page.screenshot({ path: join(root, `${file}.png`) }).catch(() => undefined);
  }
  await context.close();
  return { file, name, faults, violations };
}

const started = Date.now();
if (only.length === 0) await rm(root, { recursive: true, force: true });
await mkdir(root, { recursive: true });
await build({ configFile: join(here, 'preview/vite.config.ts'), logLevel: 'warn' });
const server = await serve();
const base = `http://localhost:${server.address().port}`;
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? ['/usr/bin/chromium-headless-shell', '/usr/bin/chromium'].find(existsSync),
  args: ['--no-sandbox', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run', '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream', '--autoplay-policy=no-user-gesture-required'],
});
const movie = await video(browser, base);
const all = [...customer, ...console_].filter(([name]) => only.length === 0 || only.some((part) => name.includes(part)));
const results = [];
// SCREENS_SIZES=320x640 tries the narrowest screen that has to work, SCREENS_TEXT=32 text of double size.
const sizes = (process.env.SCREENS_SIZES ?? '390x844 1280x800').split(' ').map((size) => ({ width: Number(size.split('x')[0]), height: Number(size.split('x')[1]) }));
// SCREENS_SCHEMES=alternate takes one of the two for each size, in turn.
const schemes = (process.env.SCREENS_SCHEMES ?? 'light dark').split(' ');
const schemesOf = (size, index) => (schemes[0] === 'alternate' ? [['light', 'dark'][(index + sizes.indexOf(size)) % 2]] : schemes);
const jobs = all.flatMap((one, index) => sizes.flatMap((size) => schemesOf(size, index).map((scheme) => () => take(browser, base, movie, one, size, scheme))));
await Promise.all(
  [0, 1].map(async () => {
    for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) results.push(await job());
  }),
);
await browser.close();
server.close();

const bad = results.filter((result) => result.faults.length + result.violations.length > 0);
const escape = (text) => text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
const figures = all.map(([name]) => `<h2>${name}</h2><div>${results.filter((result) => result.name === name).sort((a, b) => a.file.localeCompare(b.file)).map((result) => `<figure><a href="${result.file}.png"><img loading="lazy" src="${result.file}.png" alt="${result.file}"></a><figcaption>${result.file}${[...result.faults, ...result.violations].map((line) => `<br><b>${escape(line)}</b>`).join('')}</figcaption></figure>`).join('')}</div>`);
await writeFile(join(root, 'index.html'), `<!doctype html><meta charset="utf-8"><title>Screens</title><style>body{font:15px sans-serif;margin:2rem}div{display:flex;flex-wrap:wrap;gap:1rem;align-items:start}img{max-height:420px;border:1px solid #ccc}figure{margin:0}b{color:#b3231b}</style><h1>${results.length} screens, ${bad.length} with faults</h1>${figures.join('')}`);
for (const result of bad) for (const line of [...result.faults, ...result.violations]) console.log(`${result.file}: ${line}`);
console.log(`${results.length} screens in ${Math.round((Date.now() - started) / 1000)} s, ${bad.length} with faults; see build/screens/index.html`);
console.log(`${results.length - bad.length} passed, ${bad.length} failed`);
process.exitCode = bad.length === 0 ? 0 : 1;
