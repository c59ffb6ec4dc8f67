// A piece of network between one person and the server's media port, that tests can cut, slow down and make lossy: a UDP relay
// whose port the page is told in place of the server's. Seen from the server the person sits behind an address translator,
// so `move` is what a change from Wi-Fi to mobile data looks like.
import { createSocket } from 'node:dgram';

export class Network {
  #clients = new Map();
  #server;
  cutUp = false;
  cutDown = false;
  lossPermille = 0;
  delayMs = 0;
  dropped = 0;
  #random;

  static async between(serverPort, { seed = 1 } = {}) {
    const network = new Network();
    network.serverPort = serverPort;
    let state = seed >>> 0;
    // Numerical Recipes' generator: the same seed loses the same packets of a sequence.
    network.#random = () => { state = (Math.imul(state, 1664525) + 1013904223) >>> 0; return state / 4294967296; };
    network.#server = createSocket('udp4');
    await new Promise((resolve) => network.#server.bind(0, '127.0.0.1', resolve));
    network.port = network.#server.address().port;
    network.#server.on('message', (bytes, from) => network.#up(bytes, from));
    return network;
  }

  #up(bytes, from) {
    const name = `${from.address}:${from.port}`;
    let socket = this.#clients.get(name);
    if (!socket) {
      socket = createSocket('udp4');
      socket.on('message', (answer) => this.#pass(this.cutDown, () => this.#server.send(answer, from.port, from.address)));
      this.#clients.set(name, socket);
    }
    this.#pass(this.cutUp, () => { if (this.#clients.get(name) === socket) socket.send(bytes, this.serverPort, '127.0.0.1'); });
  }

  #pass(cut, send) {
    if (cut || this.#random() * 1000 < this.lossPermille) {
      this.dropped++;
      return;
    }
    if (this.delayMs > 0) setTimeout(send, this.delayMs);
    else send();
  }

  cut() { this.cutUp = this.cutDown = true; }
  mend() { this.cutUp = this.cutDown = false; }

  /** The next packet comes from another port. */
  move() {
    for (const socket of this.#clients.values()) socket.close();
    this.#clients.clear();
  }

  close() {
    this.move();
    this.#server.close();
  }

  /** To be run in each page before its own code: the server's media port becomes the relay's. */
  async lead(person) {
    await person.context.addInitScript(({ from, to }) => {
      const real = RTCPeerConnection.prototype.setRemoteDescription;
      RTCPeerConnection.prototype.setRemoteDescription = function (description) {
        const sdp = description.sdp.replace(/^(a=candidate:\S+ \d+ udp \d+ \S+) (\d+) /gim, (line, head, port) => (Number(port) === from ? `${head} ${to} ` : line));
        return real.call(this, { type: description.type, sdp });
      };
    }, { from: this.serverPort, to: this.port });
  }
}
