import type { Message } from "aauth-explain/run";
import { useEffect, useEffectEvent, useState } from "react";

const REPLAY_MS = 11_000;
const LONGEST_STOP_MS = 1500;

/** Milliseconds for which a replay of so many messages shows each. */
export const stopTime = (count: number): number => Math.min(LONGEST_STOP_MS, REPLAY_MS / count);

/** localStorage name that records that this browser has shown an automatic replay. */
const SHOWN = "replay_shown";

export interface ReplayOptions {
  /** Messages to stop at, in order. */
  stops: readonly Message[];
  /** The open message; undefined until the user or the replay opens one. */
  openId: string | undefined;
  onOpen: (message: Message) => void;
  /**
   * Whether to start automatically once the messages are complete, if this browser has not shown a
   * replay yet.
   */
  isAutomatic: boolean;
}

/** `off` shows all messages; the other phases show them up to the open one. */
export type ReplayPhase = "off" | "playing" | "paused";

/** Replay of a run in 11 s, or faster. */
export function useReplay({ stops, openId, onOpen, isAutomatic }: ReplayOptions) {
  const [phase, setPhase] = useState<ReplayPhase>("off");
  const at = stops.findIndex(({ id }) => id === openId);
  const advance = useEffectEvent(() => {
    const next = stops[at + 1];
    if (next) onOpen(next);
    else setPhase("off");
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: each message that opens gets its own time
  useEffect(() => {
    if (phase !== "playing") return;
    const timer = setTimeout(advance, at === -1 ? 0 : stopTime(stops.length));
    return () => clearTimeout(timer);
  }, [phase, openId]);

  const play = () => {
    const [first] = stops;
    if (first && (at === -1 || at === stops.length - 1)) onOpen(first);
    setPhase("playing");
  };
  const begin = useEffectEvent(() => {
    // Does not disturb a reader who has opened a message or scrolled, after a reload either.
    if (!takeFirstReplay() || openId !== undefined || window.scrollY > 0) return;
    play();
  });
  useEffect(() => {
    if (isAutomatic) begin();
  }, [isAutomatic]);

  return { phase, play, pause: () => setPhase("paused") };
}

/** Whether a replay may start automatically: once per browser, and never with reduced motion. */
function takeFirstReplay(): boolean {
  if (window.matchMedia("(prefers-reduced-motion: reduce)").matches) return false;
  try {
    if (window.localStorage.getItem(SHOWN) !== null) return false;
    window.localStorage.setItem(SHOWN, "1");
    return true;
  } catch {
    return false; // without storage it would start after every run
  }
}
