/** Gives a file to the person, made in the page. */
export function saveFile(content: Blob, name: string): void {
  const url = URL.createObjectURL(content);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  // The download has its own hold on the content once it has begun; a minute is far more than that takes.
  setTimeout(() => {
    URL.revokeObjectURL(url);
  }, 60_000);
}
