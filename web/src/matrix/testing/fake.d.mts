import type { Content, MatrixEvent } from "../event";

export interface Request {
  line: string;
  body: Content;
  query: Record<string, string>;
  at: number;
  status?: number;
}

export type Answer = { status?: number; body?: unknown; headers?: Record<string, string> } | "lost" | "dropped";

export class FakeServer {
  url: string;
  port: number;
  requests: Request[];
  waiting: Set<() => void>;
  media: Map<string, { user: string; bytes?: Uint8Array; type?: string }>;
  rooms: Map<string, { events: MatrixEvent[]; typing: Set<string>; receipts: Map<string, string> }>;
  start(port?: number): Promise<this>;
  stop(): Promise<void>;
  addUser(name: string, password: string, displayName: string): string;
  addRoom(name: string | undefined, members: string[], options?: { direct?: boolean }): string;
  member(roomId: string, user: string, membership: string, sender?: string): MatrixEvent;
  post(roomId: string, sender: string, type: string, content: Content, extra?: object): MatrixEvent;
  say(roomId: string, sender: string, body: string): MatrixEvent;
  setTyping(roomId: string, users: string[]): void;
  read(roomId: string, user: string, eventId: string): void;
  fail(match: RegExp, answer: Answer, times?: number): void;
  recover(): void;
  forgetPositions(): void;
  expireTokens(options?: { refresh?: boolean }): void;
  sent(match: RegExp): Request[];
}
