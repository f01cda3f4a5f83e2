// How loud a recording is over time, as few bars that are quick to look at. Pure.

/** Bars of a finished recording. */
export const bars = 60;

/** Loudness of a moment from the samples of a wave around 128 (AnalyserNode.getByteTimeDomainData): 0 for silence, 1 for the most. */
export function loudness(samples: Uint8Array): number {
  let sum = 0;
  for (const sample of samples) sum += ((sample - 128) / 128) ** 2;
  // Speech seldom comes near the most that a wave can be: its root is shown twice as high.
  return samples.length === 0 ? 0 : Math.min(1, 2 * Math.sqrt(sum / samples.length));
}

/** The moments in at most `count` bars, each as high as its loudest moment. */
export function inBars(moments: readonly number[], count = bars): number[] {
  if (moments.length <= count) return [...moments];
  return Array.from({ length: count }, (_, bar) => Math.max(...moments.slice(Math.floor((bar * moments.length) / count), Math.floor(((bar + 1) * moments.length) / count))));
}

/** 0:07, 12:30. */
export function clockOf(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}
