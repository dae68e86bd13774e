/**
 * Tells an observer, which changes nothing: what it throws is dropped, and what it rejects with,
 * too, where it is asynchronous.
 */
export function tell<Event extends readonly unknown[]>(
  observer: (...event: Event) => unknown,
  ...event: Event
): void {
  try {
    Promise.resolve(observer(...event)).catch(() => {});
  } catch {
    // Dropped like a rejection.
  }
}
