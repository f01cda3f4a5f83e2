// The files chosen for the next message: looked at before they are sent, so that what cannot be sent is told at once.

import { batch, computed, signal, type Signal } from "@preact/signals";
import type { Account } from "../matrix/account";
import type { Content } from "../matrix/event";
import { uniqueId } from "../matrix/id";
import { largestFile } from "../matrix/upload";
import { fileContent, kindOf, type Kind, type Measure } from "./content";
import { sizeOfPicture, smaller } from "./picture";

/** Files in one go. */
export const mostPieces = 20;
/** Pictures below this are not worth making smaller, in bytes. */
const worthShrinking = 400_000;

export type Problem = "large" | "empty" | "unreadable";

/** One chosen file. */
export interface Piece {
  id: string;
  name: string;
  kind: Kind;
  /** As it was chosen. */
  original: Blob;
  /** The smaller copy, where one is worth having. */
  small: Signal<Blob | undefined>;
  useSmall: Signal<boolean>;
  caption: Signal<string>;
  measure: Measure;
}

export class Tray {
  /** Files that were not taken, because there were too many. */
  readonly refused = signal(0);
  /** The largest file that the server takes, in bytes; until it has said so, unknown. */
  readonly limit = signal<number | undefined>(undefined);
  readonly #unreadable = signal<ReadonlySet<string>>(new Set());
  #asking = false;

  /** Whether there is something to send, and nothing that cannot be sent. */
  readonly ready = computed(() => this.pieces.value.length > 0 && this.pieces.value.every((piece) => this.problem(piece) === undefined));

  constructor(
    private readonly account: Account,
    /** The chosen files, which outlive this tray while other conversations are read. */
    readonly pieces: Signal<Piece[]>,
    /** Measures films and recordings, where there is a page to do it. */
    private readonly measure: (file: Blob) => Promise<Measure> = () => Promise.resolve({}),
  ) {}

  /** Takes files from a picker, the clipboard, a drop or the camera. */
  add(files: readonly File[]): void {
    if (files.length === 0) return;
    const room = mostPieces - this.pieces.value.length;
    batch(() => {
      this.refused.value = Math.max(0, files.length - room);
      this.pieces.value = [...this.pieces.value, ...files.slice(0, room).map(asPiece)];
    });
    for (const piece of this.pieces.value.slice(-Math.min(room, files.length))) void this.#look(piece);
    void this.#askLimit();
  }

  remove(id: string): void {
    batch(() => {
      this.pieces.value = this.pieces.value.filter((piece) => piece.id !== id);
      this.refused.value = 0;
    });
  }

  /** Puts an edited picture in the place of one. */
  replace(id: string, file: File): void {
    const fresh = asPiece(file);
    this.pieces.value = this.pieces.value.map((piece) => (piece.id === id ? { ...fresh, caption: piece.caption } : piece));
    void this.#look(fresh);
  }

  clear(): void {
    batch(() => {
      this.pieces.value = [];
      this.refused.value = 0;
    });
  }

  /** The file as it would be sent now. */
  chosen(piece: Piece): Blob {
    return (piece.useSmall.value && piece.small.value) || piece.original;
  }

  /** Why a file cannot be sent as it is. */
  problem(piece: Piece): Problem | undefined {
    const { size } = this.chosen(piece);
    if (this.#unreadable.value.has(piece.id)) return "unreadable";
    if (size === 0) return "empty";
    return this.limit.value !== undefined && size > this.limit.value ? "large" : undefined;
  }

  /** What is to be sent for a file, with these words beside it. */
  message(piece: Piece, caption: string): { content: Content; file: Blob } {
    const file = this.chosen(piece);
    const small = file !== piece.original;
    const name = small ? piece.name.replace(/\.[^.]*$/, "") + ".jpg" : piece.name;
    return { content: fileContent({ name, type: file.type, size: file.size }, caption, small ? {} : piece.measure), file };
  }

  async #askLimit(): Promise<void> {
    if (this.#asking || this.limit.value !== undefined) return;
    this.#asking = true;
    // Without an answer (offline) the server says it later, when the file goes out.
    this.limit.value = await largestFile(this.account.client).catch(() => undefined);
    this.#asking = false;
  }

  async #look(piece: Piece): Promise<void> {
    try {
      // A folder that was dropped, or a file on a drive that is gone, looks like a file until it is read.
      await piece.original.slice(0, 1).arrayBuffer();
    } catch {
      this.#unreadable.value = new Set([...this.#unreadable.value, piece.id]);
      return;
    }
    if (piece.kind === "video" || piece.kind === "audio") Object.assign(piece.measure, await this.measure(piece.original));
    if (piece.kind !== "image") return;
    Object.assign(piece.measure, await sizeOfPicture(piece.original));
    if (piece.original.size > worthShrinking) piece.small.value = await smaller(piece.original);
  }
}

function asPiece(file: File): Piece {
  return {
    id: uniqueId(),
    name: file.name,
    kind: kindOf(file.type),
    original: file,
    small: signal<Blob | undefined>(undefined),
    useSmall: signal(false),
    caption: signal(""),
    measure: {},
  };
}
