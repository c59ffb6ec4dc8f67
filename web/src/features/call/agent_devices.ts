// The adviser chooses devices the first time and is not asked again in this browser; the choice holds no device names.

const key = 'parlour.console.devices';

export interface AgentDevices {
  readonly camera: boolean;
  readonly microphone: boolean;
}

export function rememberedDevices(): AgentDevices | null {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(key) ?? 'null');
    if (typeof stored !== 'object' || stored === null) return null;
    const { camera, microphone } = stored as Record<string, unknown>;
    return { camera: camera === true, microphone: microphone === true };
  } catch {
    return null;
  }
}

export function keepDevices(devices: AgentDevices): void {
  localStorage.setItem(key, JSON.stringify(devices));
}
