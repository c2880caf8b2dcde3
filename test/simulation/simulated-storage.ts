import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";

type Row = Record<string, unknown>;

/** What `sql.exec` answers: rows, all read at once. */
export class Cursor {
  readonly #rows: readonly Row[];
  readonly rowsWritten: number;

  constructor(rows: readonly Row[], rowsWritten: number) {
    this.#rows = rows;
    this.rowsWritten = rowsWritten;
  }

  toArray(): Row[] {
    return [...this.#rows];
  }

  one(): Row {
    const [row] = this.#rows;
    if (row === undefined || this.#rows.length > 1)
      throw new Error(`expected one row, not ${this.#rows.length}`);
    return row;
  }

  [Symbol.iterator](): Iterator<Row> {
    return this.#rows[Symbol.iterator]();
  }
}

/**
 * The storage of one Durable Object. All that is written is seen at once, and is durable with the next commit: until
 * then a crash takes it back. That is how the platform coalesces the writes of a turn.
 */
export class SimulatedStorage {
  readonly #database = new DatabaseSync(":memory:");
  readonly #statements = new Map<string, StatementSync>();
  /** Scripts that were run: they create what is missing, so that once is enough. */
  readonly #scripts = new Set<string>();
  #newScripts: string[] = [];
  #isDirty = false;
  #alarmMs: number | undefined;
  #durableAlarmMs: number | undefined;
  #alarmChanged = false;

  readonly sql = {
    exec: (query: string, ...bindings: unknown[]): Cursor => this.#exec(query, bindings),
    /** Bytes of the pages in use, as the platform counts them. */
    size: (): number =>
      this.#pragma("page_size") * (this.#pragma("page_count") - this.#pragma("freelist_count")),
    get databaseSize(): number {
      return this.size();
    },
  };

  readonly kv = {
    get: (key: string): unknown => {
      this.#script("CREATE TABLE IF NOT EXISTS kv (key TEXT PRIMARY KEY, value TEXT);");
      const row = this.#exec("SELECT value FROM kv WHERE key = ?", [key]).toArray()[0];
      return row && (JSON.parse(String(row["value"])) as unknown);
    },
    put: (key: string, value: unknown): void => {
      this.#script("CREATE TABLE IF NOT EXISTS kv (key TEXT PRIMARY KEY, value TEXT);");
      this.#exec("INSERT OR REPLACE INTO kv VALUES (?, ?)", [key, JSON.stringify(value)]);
    },
  };

  transactionSync<T>(closure: () => T): T {
    this.#write();
    this.#database.exec("SAVEPOINT closure");
    try {
      const result = closure();
      this.#database.exec("RELEASE closure");
      return result;
    } catch (error) {
      this.#database.exec("ROLLBACK TO closure; RELEASE closure");
      throw error;
    }
  }

  // oxlint-disable-next-line typescript/require-await -- as the platform has it
  async getAlarm(): Promise<number | null> {
    return this.#alarmMs ?? null;
  }

  // oxlint-disable-next-line typescript/require-await
  async setAlarm(atMs: number): Promise<void> {
    this.#changeAlarm(atMs);
  }

  // oxlint-disable-next-line typescript/require-await
  async deleteAlarm(): Promise<void> {
    this.#changeAlarm(undefined);
  }

  /** Whether something was written that is not durable. */
  get isDirty(): boolean {
    return this.#isDirty;
  }

  /** When the alarm is to ring, as far as it is durable. */
  get durableAlarmMs(): number | undefined {
    return this.#durableAlarmMs;
  }

  /** Makes durable what was written. True: the alarm has changed. */
  commit(): boolean {
    const alarmChanged = this.#alarmChanged;
    if (this.#isDirty) this.#database.exec("COMMIT");
    if (alarmChanged) this.#durableAlarmMs = this.#alarmMs;
    this.#settle();
    return alarmChanged;
  }

  /** Takes back what was not durable. */
  rollBack(): void {
    if (this.#isDirty) this.#database.exec("ROLLBACK");
    for (const script of this.#newScripts) this.#scripts.delete(script);
    this.#alarmMs = this.#durableAlarmMs;
    this.#settle();
  }

  /** The alarm rings: none is set then, but on disk it stays until its handler has done. */
  beginAlarm(): void {
    this.#alarmMs = undefined;
  }

  /** The alarm's handler has done. */
  endAlarm(): void {
    if (this.#alarmMs === undefined && !this.#alarmChanged) this.#changeAlarm(undefined);
  }

  /** What a table holds, for whoever looks at the disk from outside: nothing while there is no such table. */
  rowsOf(table: string, query: string): Row[] {
    const known = this.#prepared("SELECT name FROM sqlite_schema WHERE name = ?").all(table);
    return known.length === 0 ? [] : this.#exec(query, []).toArray();
  }

  close(): void {
    this.#database.close();
  }

  #changeAlarm(atMs: number | undefined): void {
    this.#write();
    this.#alarmMs = atMs;
    this.#alarmChanged = true;
  }

  #exec(query: string, bindings: readonly unknown[]): Cursor {
    if (bindings.length === 0 && /;\s*\S/.test(query)) {
      this.#script(query);
      return new Cursor([], 0);
    }
    const statement = this.#prepared(query);
    if (statement.columns().length === 0) {
      this.#write();
      return new Cursor([], Number(statement.run(...(bindings as SQLInputValue[])).changes));
    }
    return new Cursor(statement.all(...(bindings as SQLInputValue[])).map(withArrayBuffers), 0);
  }

  #script(script: string): void {
    if (this.#scripts.has(script)) return;
    this.#write();
    this.#database.exec(script);
    this.#scripts.add(script);
    this.#newScripts.push(script);
  }

  #prepared(query: string): StatementSync {
    let statement = this.#statements.get(query);
    if (statement === undefined) this.#statements.set(query, (statement = this.#database.prepare(query)));
    return statement;
  }

  #write(): void {
    if (!this.#isDirty) this.#database.exec("BEGIN");
    this.#isDirty = true;
  }

  #pragma(name: string): number {
    return Number(this.#prepared(`PRAGMA ${name}`).get()?.[name]);
  }

  #settle(): void {
    this.#isDirty = false;
    this.#alarmChanged = false;
    this.#newScripts = [];
  }
}

/** Node gives blobs as views, the platform as buffers. */
function withArrayBuffers(row: Row): Row {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name,
      value instanceof Uint8Array ? Uint8Array.from(value).buffer : value,
    ]),
  );
}
