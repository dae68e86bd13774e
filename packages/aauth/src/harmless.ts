/**
 * Wraps an observer so that it cannot affect the observed code: its errors and rejections go to
 * `failed`. Default: they are ignored.
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
