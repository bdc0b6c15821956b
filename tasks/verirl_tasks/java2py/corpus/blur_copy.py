def blur(image):
    copy = list(image)
    for pixels in copy:
        for column in range(len(pixels) - 1):
            total = pixels[column] + pixels[column + 1]
            pixels[column] = total // 2 if total >= 0 else -(-total // 2)
    copy[len(copy) - 1] = [len(copy)]
    return copy
