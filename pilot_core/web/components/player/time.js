// Time, and the small functions everything shares. The files of this folder are joined into one module, this one first.
//
// A moment is an integer frame of a film with an exact rate [numerator, denominator]. To show frame n the film is sent to
// (n + 1/2) / rate, the middle of the frame; which frame is on screen is read back from requestVideoFrameCallback.

/** The SMPTE ST 12-1 timecode of a frame; the same as pilot_core/timecode.py, which a test holds it to. */
export function timecode(frame, [numerator, denominator]) {
  const nominal = Math.max(1, Math.floor(numerator / denominator + 0.5));
  const dropped = (denominator === 1001 && { 30000: 2, 60000: 4 }[numerator]) || 0;
  if (dropped) {
    const minute = 60 * nominal - dropped;
    const tenMinutes = 10 * minute + dropped;
    const rest = frame % tenMinutes;
    frame += dropped * (9 * Math.floor(frame / tenMinutes) + Math.max(0, Math.floor((rest - dropped) / minute)));
  }
  const seconds = Math.floor(frame / nominal);
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60].map(two);
  return `${parts.join(":")}${dropped ? ";" : ":"}${two(frame % nominal)}`;
}

const two = (number) => String(number).padStart(2, "0");
const plain = (seconds) => `${Math.floor(seconds / 60)}:${two(Math.floor(seconds) % 60)}`;
const start = (frame, [numerator, denominator]) => (frame * denominator) / numerator;
const middle = (frame, rate) => start(frame + 0.5, rate);
const nearest = (seconds, [numerator, denominator]) => Math.round((seconds * numerator) / denominator);
const within = (value, low, high) => Math.min(Math.max(value, low), high);
const percent = (part) => `${part * 100}%`;
