// Enlarging and moving a picture in its frame, by whatever means a person has: pointer, wheel, two fingers, keys.

/** Pixels that an arrow key moves. */
const stepPx = 60;

export class Zoom {
  static readonly most = 8;
  #scale = 1;
  #x = 0;
  #y = 0;
  readonly #pointers = new Map<number, { x: number; y: number }>();
  readonly #unlisten = new AbortController();

  constructor(
    private readonly place: HTMLElement,
    private readonly picture: HTMLElement,
    private readonly onScale: (scale: number) => void,
  ) {
    const { signal } = this.#unlisten;
    place.addEventListener("wheel", (event) => this.#wheel(event), { signal, passive: false });
    place.addEventListener("dblclick", (event) => this.#to(this.#scale > 1 ? 1 : 2.5, event.clientX, event.clientY), { signal });
    place.addEventListener("pointerdown", (event) => this.#down(event), { signal });
    place.addEventListener("pointermove", (event) => this.#move(event), { signal });
    for (const end of ["pointerup", "pointercancel"] as const) place.addEventListener(end, (event) => this.#pointers.delete(event.pointerId), { signal });
  }

  close(): void {
    this.#unlisten.abort();
  }

  /** Enlarges by a factor around the middle. */
  by(factor: number): void {
    this.#to(this.#scale * factor);
  }

  key(event: KeyboardEvent): void {
    const steps: Record<string, () => void> = {
      "+": () => this.by(1.5),
      "=": () => this.by(1.5),
      "-": () => this.by(1 / 1.5),
      "0": () => this.#to(1),
      ArrowLeft: () => this.#shift(stepPx, 0),
      ArrowRight: () => this.#shift(-stepPx, 0),
      ArrowUp: () => this.#shift(0, stepPx),
      ArrowDown: () => this.#shift(0, -stepPx),
    };
    const step = steps[event.key];
    if (!step || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    step();
  }

  #wheel(event: WheelEvent): void {
    event.preventDefault();
    this.#to(this.#scale * Math.exp(-event.deltaY / 400), event.clientX, event.clientY);
  }

  #down(event: PointerEvent): void {
    this.place.setPointerCapture(event.pointerId);
    this.#pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
  }

  #move(event: PointerEvent): void {
    const before = this.#pointers.get(event.pointerId);
    if (!before) return;
    const now = { x: event.clientX, y: event.clientY };
    const other = [...this.#pointers].find(([id]) => id !== event.pointerId)?.[1];
    this.#pointers.set(event.pointerId, now);
    if (!other) return this.#shift(now.x - before.x, now.y - before.y);
    const apart = (one: { x: number; y: number }) => Math.max(1, Math.hypot(one.x - other.x, one.y - other.y));
    this.#to((this.#scale * apart(now)) / apart(before), (now.x + other.x) / 2, (now.y + other.y) / 2);
  }

  /** Sets the scale so that the point of the screen stays where it is. */
  #to(scale: number, clientX?: number, clientY?: number): void {
    const box = this.place.getBoundingClientRect();
    const [x, y] = [(clientX ?? box.x + box.width / 2) - box.x - box.width / 2, (clientY ?? box.y + box.height / 2) - box.y - box.height / 2];
    const wanted = Math.min(Zoom.most, Math.max(1, scale));
    const ratio = wanted / this.#scale;
    this.#scale = wanted;
    this.#x = x - (x - this.#x) * ratio;
    this.#y = y - (y - this.#y) * ratio;
    this.#draw();
    this.onScale(wanted);
  }

  #shift(x: number, y: number): void {
    this.#x += x;
    this.#y += y;
    this.#draw();
  }

  /** The picture's edge never comes further in than the middle of its frame needs. */
  #draw(): void {
    const room = (picture: number, place: number) => Math.max(0, (picture * this.#scale - place) / 2);
    const [wide, high] = [room(this.picture.offsetWidth, this.place.clientWidth), room(this.picture.offsetHeight, this.place.clientHeight)];
    this.#x = Math.min(wide, Math.max(-wide, this.#x));
    this.#y = Math.min(high, Math.max(-high, this.#y));
    this.picture.style.transform = `translate(${this.#x}px, ${this.#y}px) scale(${this.#scale})`;
  }
}
