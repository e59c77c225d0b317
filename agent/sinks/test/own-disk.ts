import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'

/** Where it is mounted, in its own namespace. */
const AT = '/mnt'

export type OwnDisk = AsyncDisposable & {
  /** The mounted disk, seen from here. */
  readonly path: string
  /** Starts a program in the namespace, where the disk is at `/mnt`. */
  readonly wrapper: readonly string[]
  /** Runs a command of the shell where the disk is mounted; gives what it printed. */
  readonly run: (command: string) => string
}

/** A small file system in memory; `size` as `mount` takes it. */
export function memoryDisk(size: string): Promise<OwnDisk> {
  return ownDisk(`mount -t tmpfs -o size=${size} none ${AT}`)
}

/** A small ext4 on a loop device, which turns read-only by itself when the kernel finds it damaged. */
export async function ext4Disk() {
  const disk = await ownDisk(
    [
      'mount -t tmpfs none /media',
      'truncate -s 8M /media/image',
      'mkfs.ext4 -q -b 1024 -J size=1 /media/image',
      `mount -o loop,errors=remount-ro /media/image ${AT}`,
    ].join(' && '),
  )
  return {
    ...disk,
    /** The kernel finds an error in it, while files of it are open. */
    damage: () => {
      const device = disk.run(`findmnt -no SOURCE ${AT}`).trim().replace('/dev/', '')
      disk.run(`sync -f ${AT} && echo 1 > /sys/fs/ext4/${device}/trigger_fs_error`)
    },
    /** Whoever writes to it now stands still, and cannot even be killed, until it thaws. */
    freeze: () => void disk.run(`fsfreeze --freeze ${AT}`),
    thaw: () => void disk.run(`fsfreeze --unfreeze ${AT}`),
    /** Mounts a checked copy in its place, while files of the damaged one are open. */
    repair: () =>
      disk.run(
        [
          `umount --lazy ${AT} && cp /media/image /media/repaired`,
          // 1: errors were corrected.
          'e2fsck -fy /media/repaired || [ $? = 1 ]',
          `mount -o loop /media/repaired ${AT}`,
        ].join(' && '),
      ),
  }
}

/** In a mount namespace that ends with this process, whatever ends it: nothing stays mounted. */
async function ownDisk(mount: string): Promise<OwnDisk> {
  const words = ['--mount', 'sh', '-c', `${mount} && echo mounted && exec cat`]
  const holder = spawn('unshare', words, { stdio: ['pipe', 'pipe', 'pipe'] })
  const ended = once(holder, 'exit')
  const said = text(holder.stderr)
  const isMounted = await Promise.race([once(holder.stdout, 'data').then(() => true), ended])
  if (isMounted !== true) throw new Error(`cannot mount: ${await said}`)
  const wrapper = ['nsenter', `--mount=/proc/${holder.pid}/ns/mnt`]
  return {
    wrapper,
    path: `/proc/${holder.pid}/root${AT}`,
    run: command =>
      execFileSync('nsenter', [...wrapper.slice(1), 'sh', '-c', command], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
      }),
    [Symbol.asyncDispose]: async () => {
      holder.stdin.end()
      await ended
    },
  }
}
