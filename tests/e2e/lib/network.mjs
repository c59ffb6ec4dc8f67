// A piece of network between one person and the server's media port, that tests can cut, slow down and make lossy: a UDP relay
// whose port the page is told in place of the server's. Seen from the server the person sits behind an address translator,
// so `move` is what a change from Wi-Fi to mobile data looks like.
import { createSocket } from 'node:dgram';
import { createServer, connect } from 'node:net';

export class Network {
  #clients = new Map();
  #server;
  cutUp = false;
  cutDown = false;
  lossPermille = 0;
  delayMs = 0;
  dropped = 0;
  /** Which DTLS datagrams of each direction are lost, counted from 0; the first of a probe of the network count too. */
  loses = { up: new Set(), down: new Set() };
  /** Sizes of the DTLS datagrams in order, and how many were lost on purpose. */
  handshake = { up: [], down: [], lost: 0 };
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
      socket.on('message', (answer) => this.#pass(this.cutDown || this.#handshakeLoses('down', answer), () => this.#server.send(answer, from.port, from.address)));
      this.#clients.set(name, socket);
    }
    this.#pass(this.cutUp || this.#handshakeLoses('up', bytes), () => { if (this.#clients.get(name) === socket) socket.send(bytes, this.serverPort, '127.0.0.1'); });
  }

  /** RFC 7983: a first byte of 20 to 63 is DTLS; 22 is a handshake record. */
  #handshakeLoses(direction, bytes) {
    if (bytes[0] !== 22) return false;
    const lost = this.loses[direction].has(this.handshake[direction].length);
    this.handshake[direction].push(bytes.length);
    if (lost) this.handshake.lost++;
    return lost;
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

/**
 * All of one person's network, the page's connections too: a proxy for what is TCP and a relay for what is UDP. `cut` lets
 * nothing through and closes nothing, as when a telephone leaves the house: both ends find out by themselves.
 */
export class Cable {
  #sockets = new Set();
  #proxy;
  #isCut = false;

  static async between(serverPort) {
    const cable = new Cable();
    cable.udp = await Network.between(serverPort);
    cable.#proxy = createServer((socket) => cable.#accept(socket, serverPort));
    await new Promise((resolve) => cable.#proxy.listen(0, '127.0.0.1', resolve));
    cable.proxy = { server: `http://127.0.0.1:${cable.#proxy.address().port}` };
    return cable;
  }

  #keep(socket) {
    this.#sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#sockets.delete(socket));
    if (this.#isCut) socket.pause();
  }

  #accept(client, serverPort) {
    this.#keep(client);
    client.once('data', (head) => {
      // A browser's CONNECT; whatever it asks for, there is one server.
      if (!/^CONNECT localhost:\d+ HTTP\/1\.1\r\n/.test(head.toString('latin1'))) return client.destroy();
      const server = connect(serverPort, '127.0.0.1', () => client.write('HTTP/1.1 200 OK\r\n\r\n'));
      this.#keep(server);
      for (const [from, to] of [[client, server], [server, client]]) {
        from.on('data', (bytes) => to.write(bytes));
        from.on('close', () => to.destroy());
      }
      if (this.#isCut) for (const one of [client, server]) one.pause();
    });
    if (this.#isCut) client.pause();
  }

  cut() {
    this.#isCut = true;
    this.udp.cut();
    for (const socket of this.#sockets) socket.pause();
  }
  mend() {
    this.#isCut = false;
    this.udp.mend();
    for (const socket of this.#sockets) socket.resume();
  }
  close() {
    this.udp.close();
    for (const socket of [...this.#sockets]) socket.destroy();
    this.#proxy.close();
  }
}
