// Calls of the user's functions. What one of them throws must not keep a level from the next, nor leave the
// client half way: it is thrown again where the platform reports what nobody caught.

/** Calls a function of the user's, where there is one. */
export function tell<T extends unknown[]>(
  handler: ((...values: T) => void) | undefined,
  ...values: T
): void {
  try {
    handler?.(...values);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
