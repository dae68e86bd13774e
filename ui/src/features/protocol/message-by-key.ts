import type { Message } from "aauth-explain/run";

type Key = Pick<KeyboardEvent, "key" | "altKey" | "ctrlKey" | "metaKey" | "shiftKey">;

/** The message that a key press goes to; undefined for other keys and at the ends. */
export function messageByKey(
  event: Key,
  messages: readonly Message[],
  openId: string | undefined,
): Message | undefined {
  if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return undefined;
  const at = messages.findIndex(({ id }) => id === openId);
  const target = {
    ArrowDown: at + 1,
    ArrowRight: at + 1,
    ArrowUp: at - 1,
    ArrowLeft: at - 1,
    Home: 0,
    End: messages.length - 1,
  }[event.key];
  return target === undefined ? undefined : messages[target];
}

/**
 * Elements that use the arrow keys themselves: fields, tabs, dialogs, regions that scroll sideways,
 * and diagrams.
 */
const USES_ARROWS = [
  "input",
  "textarea",
  "select",
  "[contenteditable]",
  "[tabindex='0']:is(section, [role=region])",
  "[role=tab]",
  "[role=dialog]",
  "[role=radio]",
  "[role=slider]",
  "[data-testid=sequence-picture]",
].join(", ");

/**
 * The message for a key pressed anywhere on the page: left and right only, because up and down
 * scroll it.
 */
export function messageByPageKey(
  event: Key & { readonly defaultPrevented: boolean; readonly target: EventTarget | null },
  messages: readonly Message[],
  openId: string | undefined,
): Message | undefined {
  if (event.defaultPrevented || !["ArrowLeft", "ArrowRight"].includes(event.key)) return undefined;
  if ((event.target as Element | null)?.closest?.(USES_ARROWS)) return undefined;
  return messageByKey(event, messages, openId);
}
