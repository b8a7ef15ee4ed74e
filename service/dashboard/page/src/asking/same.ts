/** Whether two lists hold the same values, as React compares what an effect depends on. */
export function isSame(some: readonly unknown[], others: readonly unknown[]): boolean {
  return some.length === others.length && some.every((each, index) => Object.is(each, others[index]))
}
