/* A witness inside `parlour serve` for tests, loaded by LD_PRELOAD; the program that ships knows nothing of it.
 *
 *   WITNESS_RTP    file: each RTP packet that AES-GCM has opened is appended as u32 length of the header, u32 length of the
 *                  payload (both host order), header, payload. The header arrives as additional data (RFC 7714 8.2), the
 *                  payload after it; so this is the server's ingress after SRTP and before anything else.
 *   WITNESS_STALL  file: while it exists, writing to and syncing of regular files below WITNESS_STORE hangs, as a network
 *                  file system does whose server has gone.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

typedef struct evp_cipher_ctx_st EVP_CIPHER_CTX;
int EVP_CIPHER_CTX_is_encrypting(const EVP_CIPHER_CTX* context);

static __thread uint8_t header[1500];
static __thread uint32_t header_size;

static int rtp_file(void) {
  static pthread_mutex_t once = PTHREAD_MUTEX_INITIALIZER;
  static int file = -2;
  pthread_mutex_lock(&once);
  if (file == -2) {
    const char* path = getenv("WITNESS_RTP");
    file = path ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
  }
  pthread_mutex_unlock(&once);
  return file;
}

static int is_rtp(const unsigned char* bytes, int size) {
  /* Version 2, and not RTCP (RFC 5761 4: packet types 192 to 223). */
  return size >= 12 && size <= (int)sizeof header && (bytes[0] >> 6) == 2 && !(bytes[1] >= 192 && bytes[1] <= 223);
}

int EVP_CipherUpdate(EVP_CIPHER_CTX* context, unsigned char* out, int* written, const unsigned char* in, int size) {
  static int (*real)(EVP_CIPHER_CTX*, unsigned char*, int*, const unsigned char*, int);
  if (!real) real = (int (*)(EVP_CIPHER_CTX*, unsigned char*, int*, const unsigned char*, int))dlsym(RTLD_NEXT, "EVP_CipherUpdate");
  const int result = real(context, out, written, in, size);
  if (result != 1 || rtp_file() < 0 || EVP_CIPHER_CTX_is_encrypting(context)) return result;
  if (!out) {
    header_size = 0;
    if (is_rtp(in, size)) {
      memcpy(header, in, (size_t)size);
      header_size = (uint32_t)size;
    }
  } else if (header_size) {
    uint32_t sizes[2] = {header_size, (uint32_t)size};
    struct iovec parts[3] = {{sizes, sizeof sizes}, {header, header_size}, {out, (size_t)size}};
    if (writev(rtp_file(), parts, 3) < 0) perror("witness");
    header_size = 0;
  }
  return result;
}

static void stall(int descriptor) {
  const char* flag = getenv("WITNESS_STALL");
  const char* store = getenv("WITNESS_STORE");
  if (!flag || !store || access(flag, F_OK) != 0) return;
  char link[64];
  char path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  const ssize_t size = readlink(link, path, sizeof path - 1);
  if (size <= 0 || strncmp(path, store, strlen(store)) != 0) return;
  const struct timespec pause = {0, 20 * 1000 * 1000};
  while (access(flag, F_OK) == 0) nanosleep(&pause, NULL);
}

ssize_t write(int descriptor, const void* bytes, size_t size) {
  static ssize_t (*real)(int, const void*, size_t);
  if (!real) real = (ssize_t(*)(int, const void*, size_t))dlsym(RTLD_NEXT, "write");
  stall(descriptor);
  return real(descriptor, bytes, size);
}

int fdatasync(int descriptor) {
  static int (*real)(int);
  if (!real) real = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
  stall(descriptor);
  return real(descriptor);
}
