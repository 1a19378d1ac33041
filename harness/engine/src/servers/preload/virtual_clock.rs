//! A shared object, preloaded into a server, that makes its wall clock read from eight bytes in a file.
//!
//! The harness's build script compiles this file on its own and embeds the result; it is no module of the harness.
//! It stands in for `gettimeofday`, `time`, and `clock_gettime` of the two real-time clocks. With the variable
//! `DEDUP_VIRTUAL_CLOCK` naming a file, these read nanoseconds since the Unix epoch from the file's first eight
//! bytes (native byte order); without it they tell the real time. Every other clock is the kernel's own.
//!
//! Why there is `unsafe` here, and only here: replacing C functions means exporting their symbols, taking their raw
//! pointers, and mapping a file that another process writes. Each use says what makes it sound. Three rules keep
//! it so:
//! - nothing here allocates or takes a lock, because an allocator asks for the time while it starts;
//! - the real time comes from the system call itself, because looking up the next definition of a symbol allocates;
//! - the mapping is made once and never undone, so that a pointer to it stays good.
#![no_std]
#![deny(unsafe_op_in_unsafe_fn)]

use core::ffi::{c_char, c_int, c_long, c_void};
use core::panic::PanicInfo;
use core::ptr;
use core::sync::atomic::{AtomicPtr, AtomicU8, AtomicU64, Ordering};

const CLOCK_REALTIME: c_int = 0;
const CLOCK_REALTIME_COARSE: c_int = 5;
const NANOS_PER_SEC: u64 = 1_000_000_000;

#[cfg(target_arch = "x86_64")]
const SYS_CLOCK_GETTIME: c_long = 228;
#[cfg(target_arch = "aarch64")]
const SYS_CLOCK_GETTIME: c_long = 113;

const O_RDONLY_CLOEXEC: c_int = 0o2_000_000;
const PROT_READ: c_int = 1;
const MAP_SHARED: c_int = 1;
const STDERR: c_int = 2;

/// `struct timespec` of 64-bit Linux.
#[repr(C)]
pub struct Timespec {
    sec: i64,
    nsec: i64,
}

/// `struct timeval` of 64-bit Linux.
#[repr(C)]
pub struct Timeval {
    sec: i64,
    usec: i64,
}

/// `struct timezone`, obsolete and always zero on Linux.
#[repr(C)]
pub struct Timezone {
    minutes_west: c_int,
    dst_time: c_int,
}

#[link(name = "c")]
unsafe extern "C" {
    fn syscall(number: c_long, ...) -> c_long;
    fn getenv(name: *const c_char) -> *const c_char;
    fn open(path: *const c_char, flags: c_int, ...) -> c_int;
    fn mmap(at: *mut c_void, len: usize, prot: c_int, flags: c_int, fd: c_int, offset: i64) -> *mut c_void;
    fn close(fd: c_int) -> c_int;
    fn write(fd: c_int, bytes: *const c_void, len: usize) -> isize;
    fn abort() -> !;
}

/// Replaces `clock_gettime(2)`.
///
/// # Safety
/// As for the function it replaces: `out` points to a `struct timespec`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clock_gettime(clock: c_int, out: *mut Timespec) -> c_int {
    let counter = match clock {
        CLOCK_REALTIME | CLOCK_REALTIME_COARSE => counter(),
        _ => None,
    };
    match counter {
        Some(now) => {
            debug_check(out);
            // SAFETY: the caller gave a pointer that it wants written.
            unsafe { out.write(timespec(now)) }
        }
        // SAFETY: the arguments are the caller's own; the kernel checks the pointer.
        None => return unsafe { syscall(SYS_CLOCK_GETTIME, c_long::from(clock), out) as c_int },
    }
    0
}

/// Replaces `gettimeofday(2)`.
///
/// # Safety
/// As for the function it replaces: each pointer is null or points to its structure.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gettimeofday(out: *mut Timeval, zone: *mut Timezone) -> c_int {
    let now = now();
    if !out.is_null() {
        debug_check(out);
        // SAFETY: not null, and the caller's to be written.
        unsafe { out.write(Timeval { sec: now.sec, usec: now.nsec / 1000 }) };
    }
    if !zone.is_null() {
        debug_check(zone);
        // SAFETY: not null, and the caller's to be written.
        unsafe { zone.write(Timezone { minutes_west: 0, dst_time: 0 }) };
    }
    0
}

/// Replaces `time(2)`.
///
/// # Safety
/// As for the function it replaces: `out` is null or points to a `time_t`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn time(out: *mut i64) -> i64 {
    let now = now().sec;
    if !out.is_null() {
        debug_check(out);
        // SAFETY: not null, and the caller's to be written.
        unsafe { out.write(now) };
    }
    now
}

/// What a caller owes us can be asked of its pointer: that it is one, and aligned. Built for tests, we end otherwise.
fn debug_check<T>(out: *mut T) {
    if cfg!(debug_assertions) && (out.is_null() || !out.is_aligned()) {
        // SAFETY: ends the process.
        unsafe { abort() }
    }
}

fn now() -> Timespec {
    match counter() {
        Some(now) => timespec(now),
        None => {
            let mut real = Timespec { sec: 0, nsec: 0 };
            // SAFETY: `real` is a timespec of ours; this clock exists on every Linux.
            unsafe { syscall(SYS_CLOCK_GETTIME, c_long::from(CLOCK_REALTIME), &raw mut real) };
            real
        }
    }
}

fn timespec(nanos: u64) -> Timespec {
    Timespec { sec: (nanos / NANOS_PER_SEC) as i64, nsec: (nanos % NANOS_PER_SEC) as i64 }
}

const UNKNOWN: u8 = 0;
const REAL: u8 = 1;
const VIRTUAL: u8 = 2;

/// Which clock is told; found out at the first question, because a constructor may run later than an allocator.
static MODE: AtomicU8 = AtomicU8::new(UNKNOWN);
/// The counter, once `MODE` is `VIRTUAL`.
static COUNTER: AtomicPtr<AtomicU64> = AtomicPtr::new(ptr::null_mut());

/// Nanoseconds since the epoch on the virtual clock; none where the real time is asked for.
fn counter() -> Option<u64> {
    let mode = match MODE.load(Ordering::Acquire) {
        UNKNOWN => find_clock(),
        known => known,
    };
    // SAFETY: `VIRTUAL` is stored after the pointer, which is to a mapping that is never undone, is aligned to a page,
    // and holds eight bytes or more; the other process writes them whole, and any value is a time.
    (mode == VIRTUAL).then(|| {
        let counter = COUNTER.load(Ordering::Relaxed);
        debug_check(counter);
        // SAFETY: as above.
        unsafe { (*counter).load(Ordering::Relaxed) }
    })
}

/// Two threads may both come here at first: each maps the file, one mapping is used from then on, both stay good.
#[cold]
fn find_clock() -> u8 {
    // SAFETY: the name ends in a zero byte; the environment is not changed while a server starts.
    let path = unsafe { getenv(c"DEDUP_VIRTUAL_CLOCK".as_ptr()) };
    let mode = if path.is_null() {
        REAL
    } else {
        COUNTER.store(map(path), Ordering::Relaxed);
        VIRTUAL
    };
    MODE.store(mode, Ordering::Release);
    mode
}

/// A server that was told to run on a clock it cannot read must not run on another one: it stops.
fn map(path: *const c_char) -> *mut AtomicU64 {
    // SAFETY: the path is a C string from the environment; the mapping is new memory; on failure nothing is used.
    unsafe {
        let file = open(path, O_RDONLY_CLOEXEC);
        let page = mmap(ptr::null_mut(), size_of::<u64>(), PROT_READ, MAP_SHARED, file, 0);
        if page.addr() == usize::MAX {
            let message = "virtual clock: the file that DEDUP_VIRTUAL_CLOCK names cannot be mapped\n";
            write(STDERR, message.as_ptr().cast(), message.len());
            abort();
        }
        close(file);
        page.cast()
    }
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    // SAFETY: ends the process; nothing above panics.
    unsafe { abort() }
}
