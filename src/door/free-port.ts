/** Looks whether a port can be listened on, without taking a connection from anybody. */

import { createServer } from 'node:net'

/** @param port 0: any @throws the error of an address that cannot be listened on */
export async function assertPortFree(host: string, port: number): Promise<void> {
  const server = createServer(socket => socket.destroy())
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port }, resolve)
  })
  await new Promise<unknown>(resolve => server.close(resolve))
}
