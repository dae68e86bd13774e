import { type Message, messageSentence } from "protocol-trace/read";
import { useEffect, useEffectEvent, useState } from "react";

/** Milliseconds for which a replay shows a message: as long as its sentence takes to read. */
export function readingTime(message: Message): number {
  return 1500 + Math.min(5500, 55 * messageSentence(message).length);
}

/** localStorage name that says that this browser has shown a replay by itself. */
const SHOWN = "replay_shown";

export interface ReplayOptions {
  /** Messages to stop at, in order. */
  stops: readonly Message[];
  /** Message that is shown; undefined until the user or the replay opens one. */
  openId: string | undefined;
  onOpen: (message: Message) => void;
  /** Begins by itself once the messages are complete, if this browser has not shown one yet. */
  isAutomatic: boolean;
}

/** `off` shows all messages; the other two show them up to the open one. */
export type ReplayPhase = "off" | "playing" | "paused";

/** Replay of a run at human speed. */
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
    const shown = stops[at];
    const timer = setTimeout(advance, shown ? readingTime(shown) : 0);
    return () => clearTimeout(timer);
  }, [phase, openId]);

  const play = () => {
    const [first] = stops;
    if (first && (at === -1 || at === stops.length - 1)) onOpen(first);
    setPhase("playing");
  };
  const begin = useEffectEvent(() => {
    // A reader who has opened a message, or scrolled to one, is left alone, after a reload as well.
    if (!takeFirstReplay() || openId !== undefined || window.scrollY > 0) return;
    play();
  });
  useEffect(() => {
    if (isAutomatic) begin();
  }, [isAutomatic]);

  return { phase, play, pause: () => setPhase("paused") };
}

/**
 * Whether a replay may begin by itself: once in a browser, and never where motion is to be reduced.
 */
function takeFirstReplay(): boolean {
  if (window.matchMedia("(prefers-reduced-motion: reduce)").matches) return false;
  try {
    if (window.localStorage.getItem(SHOWN) !== null) return false;
    window.localStorage.setItem(SHOWN, "1");
    return true;
  } catch {
    return false; // storage is blocked: it would begin after every run
  }
}
