"use strict";
// The drawing board: the run's own network answers while somebody draws. The preparation is that of
// nnlab/digits/mnist_form.py, step by step; tests/digits/golden.json holds both to the same results.

const SIDE = 28, BOX = 20, FAINT = 0.02;

/** Return `count` float32 numbers of little-endian bytes in base64. */
function numbersOf(base64) {
  const text = atob(base64), bytes = new Uint8Array(text.length);
  for (let k = 0; k < text.length; k++) bytes[k] = text.charCodeAt(k);
  const view = new DataView(bytes.buffer), numbers = new Float32Array(bytes.length / 4);
  for (let k = 0; k < numbers.length; k++) numbers[k] = view.getFloat32(4 * k, true);
  return numbers;
}

/** Return the overlap of each of `size` pixels with each of `parts` equal parts, as a share of the part. */
function areas(size, parts) {
  const length = size / parts, shares = [];
  for (let part = 0; part < parts; part++) {
    const edge = part * length, row = new Float64Array(size);
    for (let pixel = 0; pixel < size; pixel++) {
      const overlap = Math.min(edge + length, pixel + 1) - Math.max(edge, pixel);
      row[pixel] = Math.max(overlap, 0) / length;
    }
    shares.push(row);
  }
  return shares;
}

// Sums in another order must not round a half down.
function rounded(value) { return Math.floor(value + 0.5 + 1e-9); }

function start(weights, size) {
  let sum = 0, moment = 0;
  for (let k = 0; k < size; k++) { sum += weights[k]; moment += weights[k] * (k + 0.5); }
  return Math.min(Math.max(rounded(SIDE / 2 + 0.5 - moment / sum), 0), SIDE - size);
}

/** Return ink, rows × columns, as an image of 28 × 28 numbers from 0 to 1; null if there is none. */
function inMnistForm(ink, rows, columns) {
  let darkest = 0;
  for (const value of ink) darkest = Math.max(darkest, value);
  if (darkest <= 0) return null;
  let top = rows, bottom = -1, left = columns, right = -1;
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) if (ink[r * columns + c] > FAINT * darkest) {
    top = Math.min(top, r); bottom = Math.max(bottom, r); left = Math.min(left, c); right = Math.max(right, c);
  }
  const drawnRows = bottom - top + 1, drawnColumns = right - left + 1, longer = Math.max(drawnRows, drawnColumns);
  const height = Math.max(1, rounded(drawnRows * BOX / longer)), width = Math.max(1, rounded(drawnColumns * BOX / longer));
  const down = areas(drawnRows, height), across = areas(drawnColumns, width);
  const small = new Float64Array(height * width), inRows = new Float64Array(height), inColumns = new Float64Array(width);
  let most = 0;
  for (let h = 0; h < height; h++) {
    const line = new Float64Array(drawnColumns);
    for (let r = 0; r < drawnRows; r++) if (down[h][r] > 0) {
      for (let c = 0; c < drawnColumns; c++) line[c] += down[h][r] * ink[(top + r) * columns + left + c];
    }
    for (let w = 0; w < width; w++) {
      let sum = 0;
      for (let c = 0; c < drawnColumns; c++) sum += across[w][c] * line[c];
      small[h * width + w] = sum; most = Math.max(most, sum);
    }
  }
  for (let h = 0; h < height; h++) for (let w = 0; w < width; w++) {
    small[h * width + w] /= most;
    inRows[h] += small[h * width + w]; inColumns[w] += small[h * width + w];
  }
  const image = new Float64Array(SIDE * SIDE), y = start(inRows, height), x = start(inColumns, width);
  for (let h = 0; h < height; h++) for (let w = 0; w < width; w++) image[(y + h) * SIDE + x + w] = small[h * width + w];
  return image;
}

/** Return ink, rows × columns, made smaller to 28 × 28 as it is. */
function asItIs(ink, rows, columns) {
  const down = areas(rows, SIDE), across = areas(columns, SIDE), image = new Float64Array(SIDE * SIDE);
  for (let h = 0; h < SIDE; h++) for (let w = 0; w < SIDE; w++) {
    let sum = 0;
    for (let r = 0; r < rows; r++) if (down[h][r] > 0) for (let c = 0; c < columns; c++) {
      if (across[w][c] > 0) sum += down[h][r] * across[w][c] * ink[r * columns + c];
    }
    image[h * SIDE + w] = sum;
  }
  return image;
}

const ACTIVATIONS = {
  identity: z => z,
  step: z => (z >= 0 ? 1 : 0),
  sigmoid: z => 1 / (1 + Math.exp(-z)),
  tanh: Math.tanh,
  relu: z => Math.max(z, 0),
  leaky_relu: z => Math.max(z, z / 100),
  elu: z => (z > 0 ? z : Math.expm1(z)),
  softplus: z => Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z))),
  scaled_tanh: z => 1.7159 * Math.tanh(2 * z / 3),
};

class Network {
  constructor(data) {
    this.architecture = data.architecture;
    this.activations = data.activations;
    this.areProbabilities = data.are_probabilities;
    const numbers = numbersOf(data.parameters);
    this.weights = []; this.biases = [];
    let position = 0;
    const sizes = this.architecture.slice(1).map((fanOut, layer) => [fanOut, this.architecture[layer]]);
    for (const [fanOut, fanIn] of sizes) { this.weights.push(numbers.subarray(position, position += fanOut * fanIn)); }
    for (const [fanOut] of sizes) { this.biases.push(numbers.subarray(position, position += fanOut)); }
  }

  /** Return the activations of every layer. */
  layers(image) {
    let x = Float32Array.from(image);
    const all = [];
    this.weights.forEach((weights, layer) => {
      const fanIn = x.length, fanOut = this.biases[layer].length;
      let z = new Float32Array(fanOut);
      for (let j = 0; j < fanOut; j++) {
        let sum = this.biases[layer][j];
        for (let k = 0, at = j * fanIn; k < fanIn; k++, at++) sum += weights[at] * x[k];
        z[j] = sum;
      }
      if (this.activations[layer] === "softmax") {
        const most = Math.max(...z), exponentials = Array.from(z, each => Math.exp(each - most));
        const sum = exponentials.reduce((a, b) => a + b, 0);
        x = Float32Array.from(exponentials, each => each / sum);
      } else {
        x = z.map(ACTIVATIONS[this.activations[layer]]);
      }
      all.push(x);
    });
    return all;
  }
}

function paint(canvas, image, toGrey) {
  const context = canvas.getContext("2d"), pixels = context.createImageData(SIDE, SIDE);
  for (let k = 0; k < SIDE * SIDE; k++) {
    const grey = Math.max(0, Math.min(255, Math.round(toGrey(image[k]))));
    pixels.data.set([grey, grey, grey, 255], 4 * k);
  }
  context.putImageData(pixels, 0, 0);
}

class Board {
  constructor(element, network, classes) {
    this.network = network; this.classes = classes; this.strokes = []; this.element = element;
    this.canvas = element.querySelector(".drawing");
    this.asMnist = element.querySelector("input");
    this.canvas.addEventListener("pointerdown", event => this.begin(event));
    this.canvas.addEventListener("pointermove", event => this.move(event));
    this.canvas.addEventListener("lostpointercapture", () => { this.stroke = null; });  // also after pointerup
    element.querySelector("[data-undo]").addEventListener("click", () => this.undo());
    element.querySelector("[data-clear]").addEventListener("click", () => { this.strokes = []; this.stroke = null; this.show(); });
    this.asMnist.addEventListener("change", () => this.show());
    document.addEventListener("keydown", event => {
      if ((event.ctrlKey || event.metaKey) && event.key === "z" && this.strokes.length) {
        event.preventDefault();
        this.undo();
      }
    });
    this.show();
  }

  point(event) {
    const box = this.canvas.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
  }

  undo() {
    this.strokes.pop();
    this.stroke = null;
    this.show();
  }

  begin(event) {
    if (event.button !== 0 || !event.isPrimary) return;  // neither the right button nor a second finger
    event.preventDefault();
    this.canvas.setPointerCapture(event.pointerId);
    this.pointer = event.pointerId;
    this.stroke = [this.point(event)];
    this.strokes.push(this.stroke);
    this.show();
  }

  move(event) {
    if (!this.stroke || event.pointerId !== this.pointer) return;
    const coalesced = event.getCoalescedEvents ? event.getCoalescedEvents() : [];
    for (const each of coalesced.length ? coalesced : [event]) this.stroke.push(this.point(each));
    if (!this.isWaiting) {
      this.isWaiting = true;
      requestAnimationFrame(() => { this.isWaiting = false; this.show(); });
    }
  }

  /** Return the strokes as ink from 0 to 1. */
  ink() {
    const { width, height } = this.canvas, context = this.canvas.getContext("2d", { willReadFrequently: true });
    context.clearRect(0, 0, width, height);
    Object.assign(context, { lineWidth: 0.075 * width, lineCap: "round", lineJoin: "round", strokeStyle: "#000" });
    for (const stroke of this.strokes) {
      context.beginPath();
      context.moveTo(stroke[0][0] * width, stroke[0][1] * height);
      if (stroke.length === 1) context.lineTo(stroke[0][0] * width + 0.1, stroke[0][1] * height);  // a dot
      for (const [x, y] of stroke.slice(1)) context.lineTo(x * width, y * height);
      context.stroke();
    }
    const pixels = context.getImageData(0, 0, width, height).data, ink = new Float64Array(width * height);
    for (let k = 0; k < ink.length; k++) ink[k] = pixels[4 * k + 3] / 255;
    return ink;
  }

  show() {
    const ink = this.ink(), { width, height } = this.canvas;
    const prepare = this.asMnist.checked ? inMnistForm : asItIs;
    const image = this.strokes.length ? prepare(ink, height, width) : null;
    paint(this.element.querySelector(".seen"), image || new Float64Array(SIDE * SIDE), value => 255 * (1 - value));
    const layers = image && this.network.layers(image), outputs = layers && layers.at(-1);
    const best = outputs ? outputs.indexOf(Math.max(...outputs)) : -1;
    this.element.querySelectorAll(".bars li").forEach((row, k) => {
      const share = outputs ? Math.max(0, Math.min(1, outputs[k])) : 0;
      row.querySelector(".bar").style.width = `${100 * share}%`;
      row.querySelector(".share").textContent = outputs ? this.shown(outputs[k]) : "–";
      row.classList.toggle("likeliest", k === best);
    });
    const status = this.element.querySelector("[aria-live]");
    const says = best < 0 ? "Draw a digit." : `The network says ${this.classes[best]}.`;
    if (status.textContent !== says) status.textContent = says;  // a screen reader repeats what is written again
    this.showNeurons(layers, best);
  }

  shown(output) { return this.network.areProbabilities ? `${(100 * output).toFixed(1)}%` : output.toFixed(2); }

  /** Show the neurons of the last hidden layer that add most to the answer. */
  showNeurons(layers, best) {
    const list = this.element.querySelector(".neurons");
    if (!list) return;
    const hidden = layers ? layers.at(-2) : [], weights = this.network.weights.at(-1);
    const shares = Array.from(hidden, (value, j) => [value * weights[best * hidden.length + j], j]);
    shares.sort((a, b) => b[0] - a[0]);
    const shown = shares.slice(0, 6);
    while (list.children.length > shown.length) list.lastChild.remove();
    while (list.children.length < shown.length) list.append(this.neuronItem());
    shown.forEach(([share, neuron], k) => {
      const item = list.children[k], inputs = this.network.architecture[0], canvas = item.querySelector("canvas");
      item.lastChild.textContent = `neuron ${neuron + 1}: ${share >= 0 ? "+" : "−"}${Math.abs(share).toFixed(1)}`;
      if (!canvas) return;
      const row = this.network.weights[0].subarray(neuron * inputs, (neuron + 1) * inputs);
      let most = 0;
      for (const weight of row) most = Math.max(most, Math.abs(weight));
      paint(canvas, row, weight => 127.5 * (1 - weight / (most || 1)));
    });
  }

  /** Return an item of the list of neurons; those of the first layer have an image of their weights. */
  neuronItem() {
    const item = document.createElement("li");
    if (this.network.weights.length === 2) {
      const canvas = document.createElement("canvas");
      canvas.width = canvas.height = SIDE;
      canvas.setAttribute("aria-hidden", "true");
      item.append(canvas);
    }
    item.append(document.createTextNode(""));
    return item;
  }
}

const data = document.getElementById("network");
if (data) {
  const { classes, ...rest } = JSON.parse(data.textContent);
  const network = new Network(rest);
  const board = new Board(document.querySelector(".board"), network, classes);
  window.nnlab = { inMnistForm, network, board };
}
