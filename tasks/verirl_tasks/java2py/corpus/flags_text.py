def flagsText(read, write, run):
    text = "r" if read else "-"
    text += "w" if write else "-"
    text += "x" if run else "-"
    return text
