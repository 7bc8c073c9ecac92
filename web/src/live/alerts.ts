// The sound of something new, made on the spot: two soft tones. A browser lets a page sound only after somebody has
// touched it; logging in is enough.

import { store } from "../ui/store";
import { recall, remember } from "../ui/memory";

const choices = ["on", "off"] as const;

export const sound = store<boolean>(recall("sound", choices) !== "off");

export function chooseSound(on: boolean): void {
  remember("sound", on ? "on" : "off");
  sound.set(on);
  if (on) ring("message");
}

const TUNES = { chat: [587.33, 880], message: [783.99], alarm: [880, 587.33, 880] };

let context: AudioContext | undefined;
let silentUntil = 0;

/** Sounds, unless it is switched off or has just sounded. */
export function ring(tune: keyof typeof TUNES): void {
  if (!sound.get() || Date.now() < silentUntil) return;
  silentUntil = Date.now() + 700;
  context ??= new AudioContext();
  const audio = context;
  void audio.resume().then(() => {
    TUNES[tune].forEach((pitch, at) => { tone(audio, pitch, audio.currentTime + at * 0.14); });
  }, () => undefined);
}

function tone(audio: AudioContext, pitch: number, start: number): void {
  const voice = audio.createOscillator();
  const volume = audio.createGain();
  voice.frequency.value = pitch;
  volume.gain.setValueAtTime(0, start);
  volume.gain.linearRampToValueAtTime(0.12, start + 0.015);
  volume.gain.exponentialRampToValueAtTime(0.0001, start + 0.3);
  voice.connect(volume).connect(audio.destination);
  voice.start(start);
  voice.stop(start + 0.32);
}
