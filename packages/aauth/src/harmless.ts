/**
 * The same observer, which changes nothing that it watches: what it throws, and what it rejects
 * with where it is asynchronous, goes to `failed`. Default: it is dropped.
 */
export function harmless<Event extends readonly unknown[]>(
  observer: (...event: Event) => unknown,
  failed: (error: unknown) => void = () => {},
): (...event: Event) => void {
  return (...event) => {
    try {
      Promise.resolve(observer(...event)).catch(failed);
    } catch (error) {
      failed(error);
    }
  };
}
