/** One value of the state of an app, replaced whole by every write. */
export interface StateFile<T> {
  /** Null before the first write. */
  read(): Promise<T | null>;
  /** Durable when resolved. */
  write(value: T): Promise<void>;
}
