import { type Html, html } from "./html.ts";

/**
 * A time, in UTC. {@link LOCAL_TIMES} shows it in the browser's time zone.
 *
 * @param seconds Unix seconds
 */
export function timeOf(seconds: number): Html {
  const at = new Date(seconds * 1000).toISOString();
  return html`<time datetime="${at}">${at.slice(11, 16)} UTC</time>`;
}

/** Script that shows a page's times in the browser's time zone. */
export const LOCAL_TIMES = `function localTimes() {
  for (const time of document.querySelectorAll("time"))
    time.textContent = new Date(time.dateTime).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", timeZoneName: "short" });
}
localTimes();`;
