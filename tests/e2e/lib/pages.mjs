// What is heard and seen on a page, as a person's ears and eyes would: levels of the sound, colours of a shared screen.

/** The loudest moment of what this page plays of the others within the seconds; the streams may come and go meanwhile. */
export function heard(person, seconds) {
  return person.page.evaluate(async (ms) => {
    const context = new AudioContext();
    await context.resume();
    const sources = new Map();
    let loudest = 0;
    const end = Date.now() + ms;
    while (Date.now() < end) {
      for (const element of document.querySelectorAll('[data-testid=remote-sound]')) {
        const stream = element.srcObject;
        if (!stream || sources.has(stream.id)) continue;
        const analyser = context.createAnalyser();
        analyser.fftSize = 2048;
        context.createMediaStreamSource(stream).connect(analyser);
        sources.set(stream.id, analyser);
      }
      for (const analyser of sources.values()) {
        const samples = new Float32Array(analyser.fftSize);
        analyser.getFloatTimeDomainData(samples);
        loudest = Math.max(loudest, Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length));
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await context.close();
    return loudest;
  }, seconds * 1000);
}

/** A screen to share whose colour the test chooses (`drawnColour`), in place of the browser's choice of windows; and an eye on what
 *  the page shows of another's: each colour that the shared screen had, in order. */
export async function drawnScreen(person) {
  await person.context.addInitScript(() => {
    navigator.mediaDevices.getDisplayMedia = async () => {
      const canvas = document.createElement('canvas');
      canvas.width = 640;
      canvas.height = 360;
      const pen = canvas.getContext('2d');
      let step = 0;
      const colour = globalThis.drawnColour ?? 'red';
      const timer = setInterval(() => {
        pen.fillStyle = colour;
        pen.fillRect(0, 0, 640, 360);
        pen.fillStyle = '#888';
        pen.fillRect(step++ % 640, 350, 8, 8);
      }, 100);
      const track = canvas.captureStream(10).getVideoTracks()[0];
      track.addEventListener('ended', () => clearInterval(timer));
      globalThis.drawnTrack = track;
      return new MediaStream([track]);
    };
    globalThis.seenColours = [];
    const canvas = new OffscreenCanvas(1, 1);
    const pen = canvas.getContext('2d', { willReadFrequently: true });
    let seen = null;
    const look = () => {
      const video = document.querySelector('[data-testid=shared-screen] video');
      // What people see: an element that waits for its first picture is there and shows nothing.
      const shows = video && getComputedStyle(video.parentElement).opacity !== '0';
      if (!video) {
        if (globalThis.seenColours.length > 0) globalThis.seenColours = [];
        seen = null;
      } else if (shows && video.videoWidth > 0 && seen !== `${video.getVideoPlaybackQuality().totalVideoFrames}`) {
        // Each picture once: looking costs time, and this machine has little.
        seen = `${video.getVideoPlaybackQuality().totalVideoFrames}`;
        pen.drawImage(video, 100, 100, 10, 10, 0, 0, 1, 1);
        const [red, , blue] = pen.getImageData(0, 0, 1, 1).data;
        const colour = red > 150 ? 'red' : blue > 150 ? 'blue' : 'other';
        if (globalThis.seenColours.at(-1) !== colour) globalThis.seenColours.push(colour);
      }
      requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  });
}

/** Colours that the shared screen has shown since it came, each change once. */
export function screenColours(person) {
  return person.page.evaluate(() => globalThis.seenColours);
}
