import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** What is played back: the bytes, in two pieces, and how the connection ends then. */
export interface Wire {
  readonly bytes: Buffer;
  readonly end: 'close' | 'reset';
  /** Where the first piece ends. */
  readonly split: number;
}

/** A server that answers a request for `/n` with the n-th of the wires it was given, byte for byte. */
export class Playback {
  #wires: readonly Wire[] = [];
  #closed: (n: number) => void = () => undefined;

  private constructor(private readonly server: Server) {
    server.on('connection', (socket) => {
      this.#take(socket);
    });
  }

  static async start(): Promise<Playback> {
    const server = createServer({ noDelay: true });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new Playback(server);
  }

  /** From now on these, at the URLs that it returns; tells whose connection is no more. */
  load(wires: readonly Wire[], closed: (n: number) => void): readonly string[] {
    const { port } = this.server.address() as AddressInfo;
    this.#wires = wires;
    this.#closed = closed;
    return wires.map((_, n) => `http://127.0.0.1:${port}/${n}`);
  }

  async stop(): Promise<void> {
    this.server.close();
    await once(this.server, 'close');
  }

  #take(socket: Socket): void {
    let request = '';
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      request += chunk.toString();
      if (!request.endsWith('\r\n\r\n{}')) return;
      const n = Number(/^POST \/(\d+) /.exec(request)?.[1]);
      const wire = this.#wires[n];
      const closed = this.#closed;
      socket.once('close', () => {
        closed(n);
      });
      if (wire !== undefined) play(wire, socket);
    });
  }
}

function play({ bytes, end, split }: Wire, socket: Socket): void {
  socket.write(bytes.subarray(0, split), () => {
    const last = bytes.subarray(split);
    if (end === 'close') socket.end(last);
    else socket.write(last, () => socket.resetAndDestroy());
  });
}
