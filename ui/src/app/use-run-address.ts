import { useSyncExternalStore } from "react";
import {
  formatRunAddress,
  type LostKind,
  lostKind,
  parseRunAddress,
  type RunAddress,
} from "../components/run-address.ts";

function subscribe(listener: () => void): () => void {
  window.addEventListener("hashchange", listener);
  return () => window.removeEventListener("hashchange", listener);
}

/** The run in the page's URL, if any, or the kind of object that an invalid URL seems to name. */
export function useRunAddress(): { address: RunAddress | undefined; lost: LostKind | undefined } {
  const hash = useSyncExternalStore(subscribe, () => window.location.hash);
  return { address: parseRunAddress(hash), lost: lostKind(hash) };
}

/** Goes to a message without a new entry in the browser's history, for stepping through many. */
export function replaceRunAddress(address: RunAddress): void {
  window.history.replaceState(window.history.state, "", formatRunAddress(address));
  window.dispatchEvent(new HashChangeEvent("hashchange"));
}
