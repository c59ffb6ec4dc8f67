// The call without its pages: what `features/` may use. Everything else in this folder is private to it.
//
//   const session = new CallSession(config);          // nothing happens yet
//   const stop = session.subscribe((state) => ...);   // Svelte's store contract: called at once and on each change
//   await session.start();                            // socket, keys, waiting room
//   session.admit(ep, helloHash); session.setMicrophone(false); session.leave(); ...
//
// Before the camera is asked for, call `checkBrowser()`; when it says no, show the sentence and do not construct a session.

export type {
  CallState,
  CodeChange,
  EncryptionView,
  EndView,
  Happening,
  KnownBy,
  Link,
  MediaView,
  MemberView,
  Phase,
  Problem,
  ProblemCode,
  QualityView,
  RecordingPolicy,
  RecordingView,
  Role,
  SecurityView,
  SelfView,
  SlotName,
  SlotState,
  Tile,
  WaitingView,
} from './state';
export { Refused, type CallApi, type CallConfig } from './api';
export { CallSession } from './session';
export { checkBrowser, type BrowserCheck } from './selftest';
export { checkMediaPath, type PathCheck } from './path_check';
export { LocalMedia, listDevices, type DeviceList, type DeviceTrouble } from './devices';
export { LevelMeter, playTestSound } from './level';
export type { Receipt } from './receipt';
export { addSecret, forgetSecret, forgetOldSecrets, keepSecret, secretOf } from './link_store';
export type { HeldSecret } from './link_trust';
export { forgetVisit, leavingKept, remembersRoot } from './kept';
export { fingerprintWords } from './roots';
