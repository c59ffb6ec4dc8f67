// Short names for the schemas of contracts/openapi.yaml (generated into protocol/api.d.ts by `npm run generate`).

import type { components } from '../protocol/api.d.ts';

type Schemas = components['schemas'];

export type Problem = Schemas['Problem'];
export type User = Schemas['User'];
export type Session = Schemas['Session'];
export type MeetingType = Schemas['MeetingType'];
export type NewMeeting = Schemas['NewMeeting'];
export type ScheduledMeeting = Schemas['ScheduledMeeting'];
export type Meeting = Schemas['Meeting'];
export type MeetingPage = Schemas['MeetingPage'];
export type DeviceCheck = Schemas['DeviceCheck'];
export type Invitation = Schemas['Invitation'];
export type Entry = Schemas['Entry'];
export type EntryPage = Schemas['EntryPage'];
export type Gap = Schemas['Gap'];
export type Recording = Schemas['Recording'];
export type RecordingPage = Schemas['RecordingPage'];
export type Playback = Schemas['Playback'];
export type Purpose = Schemas['Purpose']['purpose'];
export type Verdict = Schemas['Verdict'];
export type Status = Schemas['Status'];
