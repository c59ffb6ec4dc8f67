// A calendar file (RFC 5545) made in the page. It holds no link: a calendar is shared more easily than a letter box.

export interface Appointment {
  readonly id: string;
  readonly start: string;
  readonly durationMin: number;
  readonly title: string;
  readonly text: string;
}

function stamp(at: Date): string {
  return at.toISOString().replace(/[-:]/g, '').replace(/\.\d{3}/, '');
}

function escapeText(text: string): string {
  return text.replace(/\\/g, '\\\\').replace(/;/g, '\\;').replace(/,/g, '\\,').replace(/\r?\n/g, '\\n');
}

/** Lines are folded at 75 octets, never inside a character (3.1). */
function fold(line: string): string {
  const encoder = new TextEncoder();
  let out = '';
  let size = 0;
  for (const character of line) {
    const bytes = encoder.encode(character).length;
    if (size + bytes > 75) {
      out += '\r\n ';
      size = 1;
    }
    out += character;
    size += bytes;
  }
  return out;
}

export function calendarFile(appointment: Appointment, now: Date): string {
  const start = new Date(appointment.start);
  const end = new Date(start.getTime() + appointment.durationMin * 60_000);
  return (
    [
      'BEGIN:VCALENDAR',
      'VERSION:2.0',
      'PRODID:-//Parlour//Appointment//EN',
      'METHOD:PUBLISH',
      'BEGIN:VEVENT',
      `UID:${appointment.id}@parlour`,
      `DTSTAMP:${stamp(now)}`,
      `DTSTART:${stamp(start)}`,
      `DTEND:${stamp(end)}`,
      `SUMMARY:${escapeText(appointment.title)}`,
      `DESCRIPTION:${escapeText(appointment.text)}`,
      'BEGIN:VALARM',
      'ACTION:DISPLAY',
      'TRIGGER:-PT15M',
      `DESCRIPTION:${escapeText(appointment.title)}`,
      'END:VALARM',
      'END:VEVENT',
      'END:VCALENDAR',
    ]
      .map(fold)
      .join('\r\n') + '\r\n'
  );
}
