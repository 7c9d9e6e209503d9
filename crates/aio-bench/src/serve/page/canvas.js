// The drawing board: pen, colours, undo, and a pen that the keyboard moves.

import { byId, el } from "./dom.js";

const COLOURS = [
  ["black", "#000000"], ["grey", "#808080"], ["red", "#d62828"], ["orange", "#f08c1a"], ["yellow", "#f2d024"],
  ["green", "#2e8b3d"], ["blue", "#2457c5"], ["navy", "#1b2a5c"], ["purple", "#7a3fa0"], ["pink", "#ee86b7"],
  ["brown", "#7a4a24"], ["beige", "#d9c39a"], ["white", "#ffffff"],
];

export class Board {
  // `done` is given the drawing (PNG) and whether it has colours.
  constructor(done) {
    this.canvas = byId("paper");
    this.context = this.canvas.getContext("2d");
    this.lines = [];
    this.colour = COLOURS[0][1];
    // The pen of the keyboard.
    this.pen = { x: 96, y: 60, down: null };
    this.palette();
    this.listen(done);
    this.redraw();
  }

  palette() {
    const buttons = COLOURS.map(([name, colour]) => {
      const swatch = el("span", { className: "swatch" });
      swatch.style.background = colour;
      const button = el("button", { type: "button", title: name, "aria-label": name, "aria-pressed": "false" }, swatch);
      button.addEventListener("click", () => {
        this.colour = colour;
        buttons.forEach((other) => other.setAttribute("aria-pressed", String(other === button)));
      });
      return button;
    });
    buttons[0].setAttribute("aria-pressed", "true");
    byId("colours").append(...buttons);
  }

  listen(done) {
    const { canvas } = this;
    const at = (event) => {
      const box = canvas.getBoundingClientRect();
      return [((event.clientX - box.left) * canvas.width) / box.width, ((event.clientY - box.top) * canvas.height) / box.height];
    };
    // Every finger draws a line of its own.
    const lines = new Map();
    canvas.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      canvas.focus();
      canvas.setPointerCapture(event.pointerId);
      lines.set(event.pointerId, this.start(...at(event)));
    });
    canvas.addEventListener("pointermove", (event) => {
      const line = lines.get(event.pointerId);
      if (line) this.extend(line, ...at(event));
    });
    for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, (event) => lines.delete(event.pointerId));
    canvas.addEventListener("keydown", (event) => this.key(event));
    canvas.addEventListener("blur", () => this.redraw());
    byId("undo").addEventListener("click", () => this.shorten(-1));
    byId("wipe").addEventListener("click", () => this.shorten(0));
    byId("use").addEventListener("click", () => {
      if (this.lines.length === 0) return;
      this.redraw(false);
      const shown = this.lines.filter((line) => line.colour !== "#ffffff");
      const hasColours = shown.some((line) => !["#000000", "#808080"].includes(line.colour));
      canvas.toBlob((blob) => done(blob, hasColours), "image/png");
    });
  }

  start(x, y) {
    const line = { colour: this.colour, width: Number(byId("pen").value), points: [[x, y]] };
    this.lines.push(line);
    this.redraw();
    return line;
  }

  extend(line, x, y) {
    line.points.push([x, y]);
    this.redraw();
  }

  shorten(end) {
    this.lines = this.lines.slice(0, end);
    this.pen.down = null;
    this.redraw();
  }

  key(event) {
    const step = event.shiftKey ? 16 : 6;
    const moves = { ArrowUp: [0, -step], ArrowDown: [0, step], ArrowLeft: [-step, 0], ArrowRight: [step, 0] };
    if (event.key === " ") {
      event.preventDefault();
      this.pen.down = this.pen.down ? null : this.start(this.pen.x, this.pen.y);
    } else if (moves[event.key]) {
      event.preventDefault();
      const [dx, dy] = moves[event.key];
      this.pen.x = Math.min(Math.max(this.pen.x + dx, 0), this.canvas.width);
      this.pen.y = Math.min(Math.max(this.pen.y + dy, 0), this.canvas.height);
      if (this.pen.down) this.pen.down.points.push([this.pen.x, this.pen.y]);
    } else return;
    this.redraw();
  }

  // Draws all lines, and the pen of the keyboard if it is in use.
  redraw(withPen = document.activeElement === this.canvas) {
    const { context, canvas } = this;
    context.fillStyle = "#ffffff";
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.lineCap = context.lineJoin = "round";
    for (const { colour, width, points } of this.lines) {
      context.strokeStyle = colour;
      context.lineWidth = width;
      context.beginPath();
      context.moveTo(...points[0]);
      // A line of no length is a dot.
      if (points.length === 1) context.lineTo(points[0][0] + 0.01, points[0][1]);
      for (const point of points.slice(1)) context.lineTo(...point);
      context.stroke();
    }
    if (withPen) {
      context.strokeStyle = this.pen.down ? "#d62828" : "#2457c5";
      context.lineWidth = 1;
      context.beginPath();
      context.arc(this.pen.x, this.pen.y, 6, 0, 2 * Math.PI);
      context.stroke();
    }
  }
}
