/** The measurements as people read them. */

import type { AttacksReport } from './attacks.js'
import type { HttpReport } from './http.js'
import type { LinkReport } from './link.js'
import type { LoginReport } from './login.js'
import type { Preset } from './presets.js'
import type { RateReport } from './rate.js'
import { rounded } from './statistics.js'
import { table } from './table.js'
import type { WebSocketReport } from './web-socket.js'
import type { WireReport } from './wire.js'

/** The machine that the figures were measured on. */
export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memory_gib: number
  readonly node: string
}

export function machineLine({ cpu, cores, memory_gib, node }: Machine, { name, rounds }: Preset): string {
  return `${cores} × ${cpu}, ${memory_gib} GiB, Node ${node}; ${name}, medians of ${rounds} where nothing else is said`
}

export function rateTables(report: RateReport): string {
  const { request_bytes, response_bytes, pinned, connections } = report
  const where = pinned ? 'the server on one core, the generator on the other' : 'NOT pinned to cores'
  const rows = connections.flatMap(row => [
    [
      `${row.connections} connections, bare net echo`,
      row.echo_per_second,
      row.echo_cpu_us,
      percent(row.echo_busy),
      percent(row.echo_generator_busy),
    ],
    [
      `${row.connections} connections, Longwire`,
      row.longwire_per_second,
      row.longwire_cpu_us,
      percent(row.longwire_busy),
      percent(row.longwire_generator_busy),
    ],
    [`${row.connections} connections, ratio`, row.rate_ratio, row.cpu_ratio, '', ''],
  ])
  return [
    `(a) ${report.method}, ${request_bytes} bytes up, ${response_bytes} down, 1 in flight on each connection; ${where}`,
    table(['', 'per second', 'server CPU µs each', 'server busy', 'generator busy'], rows),
  ].join('\n')
}

export function wireTables(report: WireReport): string {
  const { large_numbers: large, text_bytes } = report
  return [
    `(c) application bytes on the wire; messages of ${text_bytes} bytes; in brackets with the numbers of a large, old server`,
    table(
      ['', 'up', 'down'],
      [
        ['heartbeat', report.heartbeat_up, report.heartbeat_down],
        ['message, beside its text', `${report.message_up_beside_text} (${large.message_up_beside_text})`, ''],
        ['its acceptance', '', `${report.accepted_down} (${large.accepted_down})`],
        [
          'its delivery, beside its text',
          '',
          `${report.delivery_down_beside_text} (${large.delivery_down_beside_text})`,
        ],
        ['ack with one mark', report.ack_up, ''],
        ['the mark at the sender', '', report.delivered_mark_down],
        ['reconnect with one missed message', report.reconnect_up, report.reconnect_down],
      ],
    ),
    `round trips of the reconnect after TCP: ${report.reconnect_round_trips}`,
  ].join('\n')
}

export function linkTables({ profile, congestion_control, seconds, rows }: LinkReport): string {
  const { rtt, jitter, loss, kbps_up, kbps_down } = profile
  const cells = rows.map(row => {
    const name = `${row.protocol}, ${row.takes_turns ? 'in turns' : 'one way'}`
    const receiptMs = Number.isNaN(row.receipt_p50_ms) ? '' : row.receipt_p50_ms
    return [name, ...trafficCells(row), row.arrived_p50_ms, receiptMs]
  })
  const receipts = [false, true].map(takesTurns => {
    const [all, silent] = (['longwire', 'longwire-silent'] as const).map(protocol =>
      rows.find(row => row.protocol === protocol && row.takes_turns === takesTurns),
    )
    const name = `receipts alone, ${takesTurns ? 'in turns' : 'one way'}`
    return [name, ...(all === undefined || silent === undefined ? [] : trafficCells(all, silent)), '', '']
  })
  return [
    `(i) per message of 100 bytes, one in 2 s: packets and bytes at the link, headers included; rounds of ${seconds} s`,
    `    round trip ${rtt} ms + ${jitter} ms of jitter each way, ${loss * 100}% lost, ${kbps_up} kbit/s up and ${kbps_down} down, ${congestion_control}`,
    '    longwire-silent has no receipts, and no acks but one in 30 s; MQTT acknowledges each message to the server, and the sender learns nothing of it',
    table(
      ['', 'packets up', 'down', 'bytes up', 'down', 'both', 'arrived p50 ms', 'receipt p50 ms'],
      [...cells, ...receipts],
    ),
  ].join('\n')
}

type Traffic = Pick<LinkReport['rows'][number], 'packets_up' | 'packets_down' | 'bytes_up' | 'bytes_down'>

const NO_TRAFFIC: Traffic = { packets_up: 0, packets_down: 0, bytes_up: 0, bytes_down: 0 }

/** What one took beyond another. */
function trafficCells(all: Traffic, other = NO_TRAFFIC): number[] {
  const bytes = [all.bytes_up - other.bytes_up, all.bytes_down - other.bytes_down] as const
  return [
    rounded(all.packets_up - other.packets_up, 2),
    rounded(all.packets_down - other.packets_down, 2),
    ...bytes,
    bytes[0] + bytes[1],
  ]
}

export function httpTables({ pinned, rows }: HttpReport): string {
  const where = pinned ? 'the server on one core, the generator on the other' : 'NOT pinned to cores'
  const cells = rows.flatMap(row => {
    const { method, connections, request_bytes: up, response_bytes: down } = row
    const name = `${method} (${up} bytes up, ${down} down), ${connections} connections`
    return [
      [`${name}, bare node:http`, row.bare_per_second, row.bare_cpu_us, percent(row.bare_busy)],
      [`${name}, Longwire`, row.longwire_per_second, row.longwire_cpu_us, percent(row.longwire_busy)],
      [`${name}, ratio`, row.rate_ratio, row.cpu_ratio, ''],
    ]
  })
  return [
    `(e) over HTTP, 1 in flight on each keep-alive connection; ${where}`,
    table(['', 'per second', 'server CPU µs each', 'server busy'], cells),
  ].join('\n')
}

export function webSocketTables({ pinned, requests, messages }: WebSocketReport): string {
  const where = pinned ? 'the server on one core, the generator on the other' : 'NOT pinned to cores'
  const rows = requests.flatMap(row => [
    [`${row.connections} connections, TCP`, row.tcp_per_second, row.tcp_cpu_us],
    [`${row.connections} connections, WebSocket`, row.ws_per_second, row.ws_cpu_us],
    [`${row.connections} connections, ratio`, row.rate_ratio, row.cpu_ratio],
  ])
  const talk = messages.map(row => [
    `${row.in_flight} in flight, ${row.transport === 'ws' ? 'WebSocket' : 'TCP'}`,
    row.cpu_us_per_message,
    row.messages_per_second,
    `${row.accepted_p50_ms} / ${row.accepted_p99_ms}`,
    `${row.delivered_p50_ms} / ${row.delivered_p99_ms}`,
  ])
  return [
    `(f) WebSocket beside TCP: requests as in (a); ${where}`,
    table(['', 'per second', 'server CPU µs each'], rows),
    '',
    'durable messages as in (b)',
    table(['', 'server CPU µs each', 'per second', 'accepted ms p50 / p99', 'delivered ms p50 / p99'], talk),
  ].join('\n')
}

export function loginTables(report: LoginReport): string {
  const { pairs, messages_per_second: rate, logins_offered_per_second: offered } = report
  return [
    `(g) ${pairs} pairs that talk, ${rate} messages a second, while ${offered} logins a second are offered`,
    table(
      ['', 'p50 ms', 'p99 ms'],
      [
        ['alone', report.quiet_p50_ms, report.quiet_p99_ms],
        ['with the logins', report.storm_p50_ms, report.storm_p99_ms],
        ['ratio', report.p50_ratio, report.p99_ratio],
      ],
    ),
    `of the logins ${report.logins_per_second} a second got a session, ${report.refused_per_second} were told to come back`,
  ].join('\n')
}

export function attacksTables({ window_ms, rows }: AttacksReport): string {
  const cells = rows.map(row => [
    row.attack,
    `${row.idle_p50_ms} / ${row.idle_p99_ms}`,
    `${row.attack_p50_ms} / ${row.attack_p99_ms}`,
    row.p99_ratio,
    `${Math.round(row.idle_rss_mib)} / ${Math.round(row.attack_rss_mib)}`,
    `${percent(row.idle_busy)} / ${percent(row.attack_busy)}`,
    row.grew_mb_per_second,
    Number.isNaN(row.idle_login_ms) ? '' : `${row.idle_login_ms} / ${row.attack_login_ms}`,
    row.delay_kept ? 'yes' : 'NO',
    row.memory_kept ? 'yes' : 'NO',
  ])
  const head = [
    'delays in ms: p50 / p99',
    'alone',
    'attacked',
    'ratio of p99',
    'RSS MiB alone / highest',
    'server busy',
    'disk MB/s',
    'known login ms',
    'delay kept',
    'memory kept',
  ]
  return [
    `(h) two friends who send each other a message every 20 ms, ${window_ms} ms alone and as long under each attack`,
    table(head, cells),
    ...rows.map(({ attack, what, answers }) => `${attack}: ${what}; answered: ${JSON.stringify(answers)}`),
  ].join('\n')
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`
}
